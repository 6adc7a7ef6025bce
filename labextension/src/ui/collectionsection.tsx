import * as React from 'react';

import type { Collection } from '../api/collection';
import { EmptyState, ErrorState, Skeleton } from './feedback';
import { useCollection } from './hooks';
import { List } from './list';
import { Section, SectionAction } from './section';

export interface CollectionSectionProps<T> {
  /** Stable: the open state is kept under it. */
  id: string;
  title: string;
  collection: Collection<T>;
  /** Those to show, in order; without a query, all. */
  filter: (items: readonly T[], query: string) => readonly T[];
  /** A `ListRow` with a key. */
  render: (item: T) => React.ReactElement;
  words: {
    /** Read aloud before the rows: 'Compute instances'. */
    list: string;
    /** Above the error: 'Cannot list the instances'. */
    failed: string;
    /** In the search box: 'Find instances'. */
    find: string;
    noMatch: (query: string) => string;
  };
  /** Shown while there is nothing at all. */
  empty: React.ReactElement;
  /** Items below which nobody needs a search box. */
  searchFrom?: number;
  actions?: SectionAction[];
}

/** A section of the sidebar that lists a collection. */
export function CollectionSection<T>(props: CollectionSectionProps<T>): React.ReactElement {
  const { id, title, collection, filter, render, words, empty, searchFrom = 0, actions } = props;
  const { state, items, error } = useCollection(collection);
  const [query, setQuery] = React.useState('');
  const shown = filter(items, query);
  const content = (): React.ReactElement => {
    if (state === 'error') {
      const retry = (): void => void collection.refresh();
      return <ErrorState title={words.failed} error={error} retry={retry} />;
    }
    if (state === 'loading') {
      return <Skeleton />;
    }
    if (items.length === 0) {
      return empty;
    }
    if (shown.length === 0) {
      return <EmptyState>{words.noMatch(query)}</EmptyState>;
    }
    return <List items={shown} label={words.list} render={render} />;
  };
  return (
    <Section
      id={id}
      title={title}
      count={state === 'ready' ? items.length : null}
      actions={actions}
      search={
        items.length >= searchFrom
          ? { value: query, onChange: setQuery, placeholder: words.find }
          : undefined
      }
    >
      {content()}
    </Section>
  );
}
