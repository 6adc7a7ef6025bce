import * as React from 'react';

import type { ModelVersionInfo } from '../api/schema';
import { TextButton } from '../ui/buttons';
import { CodeBlock, CopyButton } from '../ui/code';
import { ErrorState, Skeleton } from '../ui/feedback';
import { formatBytes, formatTime } from '../ui/format';
import { useAsync } from '../ui/hooks';
import { endpointIcon, trashIcon } from '../ui/icons';
import { Tags } from '../ui/inlineedit';
import { KeyValues } from '../ui/keyvalues';
import { Note } from '../ui/markdown';
import { Panel } from '../ui/page';
import { useTrans } from '../ui/translation';
import { listFiles, versionFileUrl } from './api';
import { signatureRows } from './model';
import type { IModelParts } from './page';
import { CommandIDs } from './tokens';

export interface IVersionParts extends IModelParts {
  version: ModelVersionInfo;
}

/** All about one version of a model. */
export function VersionView(props: IVersionParts): React.ReactElement {
  const { version, commands, model, rendermime } = props;
  const trans = useTrans();
  const { name } = version;
  const args = { name, version: version.version };
  return (
    <section className="myd-version-view" aria-label={trans.__('Version %1', version.version)}>
      <div className="myd-toolbar">
        <h2 className="myd-panel-title">{trans.__('Version %1', version.version)}</h2>
        <span className="myd-spacer" />
        <TextButton
          kind="accept"
          icon={endpointIcon}
          onClick={() =>
            commands.execute(CommandIDs.deploy, { model: name, version: version.version })
          }
        >
          {trans.__('Deploy…')}
        </TextButton>
        <TextButton
          icon={trashIcon}
          onClick={() => commands.execute(CommandIDs.deleteVersion, args)}
        >
          {trans.__('Delete version')}
        </TextButton>
      </div>
      <Tags
        tags={version.tags}
        onSave={tags => model.setVersionTags(name, version.version, tags)}
      />
      <Note
        note={version.note}
        rendermime={rendermime}
        onSave={note => model.setVersionNote(name, version.version, note)}
      />
      <div className="myd-panels">
        <Panel title={trans.__('About')}>
          <About {...props} />
        </Panel>
        <Panel title={trans.__('Signature')}>
          <Signature version={version} />
        </Panel>
        <Panel title={trans.__('Packages')}>
          {version.requirements.length > 0 ? (
            <CodeBlock
              code={version.requirements.join('\n')}
              label={trans.__('Packages')}
              maxHeight={240}
            />
          ) : (
            <p className="myd-muted">{trans.__('None recorded.')}</p>
          )}
        </Panel>
        <Panel title={trans.__('Files')}>
          <Files version={version} />
        </Panel>
      </div>
    </section>
  );
}

function About({ version, commands }: IVersionParts): React.ReactElement {
  const trans = useTrans();
  const run = version.run_id && (
    <TextButton
      kind="link"
      onClick={() => commands.execute(CommandIDs.openRun, { id: version.run_id })}
    >
      {version.run_name || version.run_id.slice(0, 8)}
    </TextButton>
  );
  const endpoints = version.endpoints.length > 0 && (
    <span className="myd-links">
      {version.endpoints.map(name => (
        <TextButton
          key={name}
          kind="link"
          onClick={() => commands.execute(CommandIDs.openEndpoint, { name })}
        >
          {name}
        </TextButton>
      ))}
    </span>
  );
  const digest = version.digest && (
    <span className="myd-id" title={version.digest}>
      <code>{version.digest.slice(0, 12)}</code>
      <CopyButton text={version.digest} label={trans.__('Copy the digest')} />
    </span>
  );
  return (
    <KeyValues
      label={trans.__('About this version')}
      items={[
        [trans.__('Endpoints'), endpoints || trans.__('none')],
        [trans.__('From run'), run],
        [trans.__('Experiment'), version.experiment],
        [trans.__('Artifact path'), version.path],
        [trans.__('Registered'), formatTime(version.created)],
        [trans.__('Flavor'), version.flavor],
        [trans.__('Python'), version.python],
        [trans.__('Size'), formatBytes(version.size)],
        [trans.__('SHA-256'), digest],
      ]}
    />
  );
}

function Signature({ version }: { version: ModelVersionInfo }): React.ReactElement {
  const trans = useTrans();
  const rows = signatureRows(version);
  if (rows.length === 0) {
    return (
      <p className="myd-muted">
        {trans.__('Not recorded. Give log_model an input_example to record it.')}
      </p>
    );
  }
  return (
    <div className="myd-scroll">
      <table className="myd-plain-table">
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              <th scope="row" title={row.name}>
                {row.name}
              </th>
              <td>{row.dtype}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Files({ version }: { version: ModelVersionInfo }): React.ReactElement {
  const trans = useTrans();
  const { name, version: number } = version;
  const files = useAsync(() => listFiles(name, number), [name, number]);
  if (files.error) {
    return <ErrorState error={files.error} retry={files.reload} />;
  }
  if (!files.value) {
    return <Skeleton />;
  }
  return (
    <div className="myd-scroll">
      <table className="myd-plain-table" aria-label={trans.__('Files')}>
        <tbody>
          {files.value
            .filter(file => !file.is_dir)
            .map(file => (
              <tr key={file.path}>
                <th scope="row" title={file.path}>
                  <a
                    className="myd-link"
                    href={versionFileUrl(name, number, file.path)}
                    download={file.path.slice(file.path.lastIndexOf('/') + 1)}
                  >
                    {file.path}
                  </a>
                </th>
                <td className="myd-number">{formatBytes(file.size)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
