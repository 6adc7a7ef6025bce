import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { Template } from '../api/schema';
import { CollectionSection } from '../ui/collectionsection';
import { EmptyState } from '../ui/feedback';
import { galleryIcon } from '../ui/icons';
import { ListRow } from '../ui/list';
import { matches } from '../ui/search';
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
    <CollectionSection
      id="gallery"
      title={trans.__('Gallery')}
      collection={model.templates}
      filter={filterTemplates}
      render={render}
      words={{
        list: trans.__('Notebook templates'),
        failed: trans.__('Cannot list the templates'),
        find: trans.__('Find templates'),
        noMatch: query => trans.__('No template matches “%1”.', query),
      }}
      empty={<EmptyState>{trans.__('This installation has no notebook templates.')}</EmptyState>}
      searchFrom={6}
    />
  );
}

function filterTemplates(items: readonly Template[], query: string): Template[] {
  return items.filter(item => matches(query, item.title, item.description, ...item.tags));
}

function describe(template: Template): string {
  return [template.title, template.description, template.tags.join(', ')]
    .filter(Boolean)
    .join('\n');
}
