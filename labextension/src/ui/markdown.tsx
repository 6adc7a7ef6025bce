import { IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import * as React from 'react';

import { InlineEdit } from './inlineedit';
import { useTrans } from './translation';

export interface MarkdownProps {
  text: string;
  rendermime: IRenderMimeRegistry;
}

/** Markdown as JupyterLab renders it: sanitised, with mathematics. */
export function Markdown({ text, rendermime }: MarkdownProps): React.ReactElement {
  const host = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    const renderer = rendermime.createRenderer('text/markdown');
    void renderer.renderModel(new MimeModel({ data: { 'text/markdown': text } }));
    host.current?.replaceChildren(renderer.node);
    return () => renderer.dispose();
  }, [text, rendermime]);
  return <div ref={host} className="myd-markdown" />;
}

export interface NoteProps {
  note: string;
  rendermime: IRenderMimeRegistry;
  /** Sends it; what it throws is shown below the field. */
  onSave: (note: string) => Promise<unknown>;
}

/** A note in Markdown that is edited where it stands. */
export function Note({ note, rendermime, onSave }: NoteProps): React.ReactElement {
  const trans = useTrans();
  return (
    <InlineEdit
      value={note}
      label={trans.__('Edit the note')}
      placeholder={trans.__('Add a note (Markdown)')}
      display={<Markdown text={note} rendermime={rendermime} />}
      multiline
      onSave={onSave}
    />
  );
}
