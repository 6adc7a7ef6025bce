import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import * as React from 'react';

import type { ArtifactInfo } from '../api/schema';
import { formatBytes } from '../ui/format';
import { ErrorState, Skeleton } from '../ui/feedback';
import { useAsync } from '../ui/hooks';
import { Markdown } from '../ui/markdown';
import { useTrans } from '../ui/translation';
import { artifactText, artifactUrl } from './api';
import {
  baseName,
  isTooLarge,
  notebookText,
  parseCsv,
  prettyJson,
  PreviewKind,
  previewKind,
} from './files';

/** Rows of a CSV file that a preview shows. */
const MOST_ROWS = 200;

export interface IPreviewProps {
  run: string;
  file: ArtifactInfo;
  rendermime: IRenderMimeRegistry;
}

/** What is in a file, as far as it can be shown. */
export function Preview({ run, file, rendermime }: IPreviewProps): React.ReactElement {
  const trans = useTrans();
  const kind = previewKind(file.path);
  const name = baseName(file.path);
  const url = artifactUrl(run, file.path);
  return (
    <div className="myd-preview" aria-label={trans.__('Preview of %1', name)} role="region">
      <div className="myd-toolbar">
        <b className="myd-ellipsis" title={file.path}>
          {name}
        </b>
        <span className="myd-muted">{formatBytes(file.size)}</span>
        <span className="myd-spacer" />
        <a className="myd-link" href={url} download={name}>
          {trans.__('Download')}
        </a>
      </div>
      {kind === 'none' || isTooLarge(kind, file.size) ? (
        <p className="myd-muted myd-preview-none">
          {kind === 'none'
            ? trans.__('There is no preview for this kind of file: download it to look inside.')
            : trans.__('Too large to preview: download it to look inside.')}
        </p>
      ) : kind === 'image' ? (
        <div className="myd-preview-image">
          <img src={url} alt={name} />
        </div>
      ) : (
        <TextPreview
          key={file.path}
          run={run}
          path={file.path}
          kind={kind}
          rendermime={rendermime}
        />
      )}
    </div>
  );
}

interface ITextProps {
  run: string;
  path: string;
  kind: PreviewKind;
  rendermime: IRenderMimeRegistry;
}

function TextPreview({ run, path, kind, rendermime }: ITextProps): React.ReactElement {
  const { value, error, reload } = useAsync(signal => artifactText(run, path, signal), [run, path]);
  if (error) {
    return <ErrorState error={error} retry={reload} />;
  }
  if (value === null) {
    return <Skeleton rows={4} />;
  }
  switch (kind) {
    case 'csv':
      return <CsvPreview text={value} separator={path.endsWith('.tsv') ? '\t' : ','} />;
    case 'markdown':
      return <Markdown text={value} rendermime={rendermime} />;
    case 'json':
      return (
        <pre className="myd-preview-text" tabIndex={0}>
          {prettyJson(value)}
        </pre>
      );
    case 'notebook':
      return (
        <pre className="myd-preview-text" tabIndex={0}>
          {notebookText(value)}
        </pre>
      );
    default:
      return (
        <pre className="myd-preview-text" tabIndex={0}>
          {value}
        </pre>
      );
  }
}

function CsvPreview({ text, separator }: { text: string; separator: string }): React.ReactElement {
  const trans = useTrans();
  const [header = [], ...rows] = parseCsv(text, separator, MOST_ROWS + 1);
  return (
    <div className="myd-preview-table">
      <table className="myd-plain-table">
        <thead>
          <tr>
            {header.map((cell, index) => (
              <th key={index}>{cell}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === MOST_ROWS && (
        <p className="myd-muted">{trans.__('The first %1 rows are shown.', MOST_ROWS)}</p>
      )}
    </div>
  );
}
