import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { CommandRegistry } from '@lumino/commands';
import { caretDownIcon, caretRightIcon, fileIcon, folderIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { formatBytes } from '../ui/format';
import { useSignal } from '../ui/hooks';
import { modelIcon } from '../ui/icons';
import { EmptyState, ErrorState } from '../ui/feedback';
import { useTrans } from '../ui/translation';
import { baseName } from './files';
import { Preview } from './preview';
import { CommandIDs } from './tokens';
import { FileTree, ITreeRow } from './tree';

export interface IFilesProps {
  run: string;
  tree: FileTree;
  rendermime: IRenderMimeRegistry;
  commands: CommandRegistry;
  /** The files are read anew when it changes: an ended run has its last ones. */
  version: string;
  /** What to say when there is no file, and the line that makes one. */
  empty: { text: string; code?: string };
}

/** A tree of a run's files beside what is in the selected one. */
export function Files(props: IFilesProps): React.ReactElement {
  const { run, tree, version, rendermime, empty } = props;
  const trans = useTrans();
  useSignal(tree.changed);
  React.useEffect(() => void tree.refresh(), [tree, version]);
  const rows = tree.rows();
  if (tree.error && rows.length === 0) {
    return <ErrorState error={tree.error} retry={() => void tree.refresh()} />;
  }
  if (tree.loaded && rows.length === 0) {
    return <EmptyState code={empty.code}>{empty.text}</EmptyState>;
  }
  return (
    <div className="myd-files">
      <div className="myd-files-tree" role="tree" aria-label={trans.__('Files')}>
        {rows.map((row, index) => (
          <TreeRow key={row.info.path} {...props} row={row} first={index === 0} />
        ))}
      </div>
      {tree.selected ? (
        <Preview run={run} file={tree.selected} rendermime={rendermime} />
      ) : (
        <p className="myd-muted myd-preview-none">{trans.__('Select a file to look inside.')}</p>
      )}
    </div>
  );
}

function TreeRow(props: IFilesProps & { row: ITreeRow; first: boolean }): React.ReactElement {
  const { tree, row, run, commands } = props;
  const { info, depth, open } = row;
  const trans = useTrans();
  const selected = tree.selected?.path === info.path;
  const activate = (): void => (info.is_dir ? void tree.toggle(info.path) : tree.select(info));
  const onKeyDown = (event: React.KeyboardEvent<HTMLDivElement>): void => {
    if (event.target !== event.currentTarget) {
      return;
    }
    const row = event.currentTarget;
    const sibling = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling };
    if (event.key in sibling) {
      (sibling[event.key as keyof typeof sibling] as HTMLElement | null)?.focus();
    } else if (event.key === 'Enter' || event.key === ' ') {
      activate();
    } else if (info.is_dir && event.key === (open ? 'ArrowLeft' : 'ArrowRight')) {
      activate();
    } else {
      return;
    }
    event.preventDefault();
  };
  const Caret = open ? caretDownIcon : caretRightIcon;
  const Icon = row.isModel ? modelIcon : info.is_dir ? folderIcon : fileIcon;
  return (
    <div
      className="myd-files-row"
      role="treeitem"
      aria-level={depth + 1}
      aria-expanded={info.is_dir ? open : undefined}
      aria-selected={selected}
      tabIndex={selected || (props.first && !tree.selected) ? 0 : -1}
      style={{ paddingLeft: 4 + depth * 16 }}
      title={info.path}
      onClick={activate}
      onKeyDown={onKeyDown}
    >
      <span className="myd-files-caret">{info.is_dir && <Caret.react tag="span" />}</span>
      <Icon.react tag="span" className="myd-files-icon" stylesheet="menuItem" />
      <span className="myd-ellipsis">{baseName(info.path)}</span>
      <span className="myd-spacer" />
      {row.isModel && (
        <button
          className="myd-link"
          onClick={event => {
            event.stopPropagation();
            void commands.execute(CommandIDs.registerModel, { run, path: info.path });
          }}
        >
          {trans.__('Register model…')}
        </button>
      )}
      <span className="myd-muted">{row.loading ? '…' : formatBytes(info.size)}</span>
    </div>
  );
}
