import * as React from 'react';

import type { Collection } from '../api/collection';
import { TextButton } from './buttons';
import { ErrorState, Skeleton } from './feedback';
import { useCloseWhenGone, useCollection } from './hooks';
import type { PageTab } from './pages';
import { useTrans } from './translation';

export interface ObjectPageProps<T> {
  collection: Collection<T>;
  id: string;
  tab: PageTab;
  /** Said when it is not there any more. */
  gone: string;
  /** A next step beside "Close", when it is not there. */
  action?: React.ReactNode;
  children: (item: T) => React.ReactElement;
}

/** The page of one item of a collection: also before it is fetched, and when it is gone. */
export function ObjectPage<T>(props: ObjectPageProps<T>): React.ReactElement {
  const { collection, id, tab, gone, action, children } = props;
  const trans = useTrans();
  const { state, error } = useCollection(collection);
  const item = collection.get(id);
  useCloseWhenGone(item !== undefined, state === 'ready', tab.close);
  if (item !== undefined) {
    return children(item);
  }
  if (state === 'loading') {
    return <Skeleton rows={8} />;
  }
  return (
    <ErrorState error={error ?? { message: gone }} retry={() => void collection.refresh()}>
      {action}
      <TextButton onClick={() => tab.close()}>{trans.__('Close')}</TextButton>
    </ErrorState>
  );
}
