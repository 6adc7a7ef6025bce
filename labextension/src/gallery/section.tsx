import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { Template } from '../api/schema';
import { EmptyState, ErrorState, Skeleton } from '../ui/feedback';
import { useCollection } from '../ui/hooks';
import { galleryIcon } from '../ui/icons';
import { List, ListRow } from '../ui/list';
import { matches } from '../ui/search';
import { Section } from '../ui/section';
import { useTrans } from '../ui/translation';
import type { GalleryModel } from './model';
import { CommandIDs } from './tokens';

export interface GallerySectionProps {
  model: GalleryModel;
  commands: CommandRegistry;
}

/** The templates in the sidebar: a click opens a copy. */
export function GallerySection({ model, commands }: GallerySectionProps): React.ReactElement {
  const trans = useTrans();
  const { state, items, error } = useCollection(model.templates);
  const [query, setQuery] = React.useState('');
  const shown = items.filter(item => matches(query, item.title, item.description, ...item.tags));
  const render = (template: Template): React.ReactElement => (
    <ListRow
      key={template.name}
      kind="template"
      id={template.name}
      icon={galleryIcon}
      title={template.title}
      subtitle={template.description}
      tooltip={describe(template)}
      badge={
        template.minutes !== null && (
          <span className="myd-badge">{trans.__('%1 min', template.minutes)}</span>
        )
      }
      onOpen={() => void commands.execute(CommandIDs.open, { name: template.name })}
    />
  );
  return (
    <Section
      id="gallery"
      title={trans.__('Gallery')}
      count={state === 'ready' ? items.length : null}
      search={
        items.length > 5
          ? { value: query, onChange: setQuery, placeholder: trans.__('Find templates') }
          : undefined
      }
    >
      {state === 'loading' && <Skeleton rows={2} />}
      {state === 'error' && (
        <ErrorState
          title={trans.__('Cannot list the templates')}
          error={error}
          retry={() => void model.templates.refresh()}
        />
      )}
      {state === 'ready' && shown.length === 0 && (
        <EmptyState>
          {query
            ? trans.__('No template matches “%1”.', query)
            : trans.__('This installation has no notebook templates.')}
        </EmptyState>
      )}
      {shown.length > 0 && (
        <List items={shown} label={trans.__('Notebook templates')} render={render} />
      )}
    </Section>
  );
}

function describe(template: Template): string {
  return [template.title, template.description, template.tags.join(', ')]
    .filter(Boolean)
    .join('\n');
}
