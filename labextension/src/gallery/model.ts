import { Collection } from '../api/collection';
import type { Live } from '../api/live';
import { pathOf, request } from '../api/request';
import type { Template, TemplateCopied } from '../api/schema';

/** Notebook templates. */
export class GalleryModel {
  constructor(live: Live) {
    this.templates = new Collection<Template>({
      live,
      domain: 'gallery',
      key: template => template.name,
      load: () => request<Template[]>('/gallery'),
    });
  }

  /** The templates in the server's order. */
  readonly templates: Collection<Template>;

  /** Copy a template into User files and return the copy's path. @throws ApiError */
  async copy(name: string): Promise<string> {
    return (await request<TemplateCopied>(pathOf('gallery', name, 'copy'), { method: 'POST' }))
      .path;
  }
}
