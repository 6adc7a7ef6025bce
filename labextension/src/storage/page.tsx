import { refreshIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { StorageDisk, StoragePart, StorageUsage } from '../api/schema';
import { TextButton } from '../ui/buttons';
import { ErrorState, ProgressLine, Skeleton } from '../ui/feedback';
import { formatBytes, relativeTime } from '../ui/format';
import { useNow, useSignal } from '../ui/hooks';
import { trashIcon } from '../ui/icons';
import { Meter } from '../ui/meter';
import { PageHeader } from '../ui/page';
import { useTrans } from '../ui/translation';
import { storageIcon } from './icons';
import { bySize, canGo, counted, StorageModel, totalOf } from './model';
import { CommandIDs } from './tokens';

export interface StoragePageProps {
  model: StorageModel;
  commands: CommandRegistry;
}

/** What takes how much of the disk, and what of it can go. */
export default function StoragePage(props: StoragePageProps): React.ReactElement {
  const { model } = props;
  const trans = useTrans();
  useSignal(model.changed);
  React.useEffect(() => void model.ready(), [model]);
  const { usage, error } = model;
  if (usage) {
    return <Loaded {...props} usage={usage} />;
  }
  return error ? (
    <ErrorState
      title={trans.__('Cannot tell what takes the disk')}
      error={error}
      retry={() => void model.refresh()}
    />
  ) : (
    <Skeleton rows={8} />
  );
}

function Loaded(props: StoragePageProps & { usage: StorageUsage }): React.ReactElement {
  const { model, commands, usage } = props;
  const trans = useTrans();
  const now = useNow();
  const goes = canGo(usage.parts);
  const busy = usage.cleaning ?? usage.measuring;
  const measured = usage.measured
    ? trans.__('measured %1', relativeTime(usage.measured, now))
    : trans.__('not measured yet');
  return (
    <div className="myd-page-column">
      <PageHeader
        icon={storageIcon}
        title={trans.__('Storage')}
        actions={
          <>
            <TextButton
              icon={refreshIcon}
              disabled={usage.measuring !== null}
              onClick={() => model.refresh()}
            >
              {trans.__('Measure again')}
            </TextButton>
            <TextButton icon={trashIcon} onClick={() => commands.execute(CommandIDs.clean)}>
              {trans.__('Clean…')}
            </TextButton>
          </>
        }
      >
        <span className="myd-muted">
          {trans.__('%1 in this workspace', formatBytes(totalOf(usage.parts)))}
          {goes > 0 && ` · ${trans.__('%1 can go', formatBytes(goes))}`}
          {` · ${measured}`}
        </span>
      </PageHeader>
      <div className="myd-storage">
        {model.error && <ErrorState error={model.error} retry={() => void model.refresh()} />}
        <div className="myd-storage-disks">
          {usage.disks.map(disk => (
            <Disk key={disk.holds.join()} disk={disk} />
          ))}
        </div>
        <div className="myd-storage-busy">{busy && <ProgressLine progress={busy} />}</div>
        <Parts parts={usage.parts} commands={commands} />
      </div>
    </div>
  );
}

function Disk({ disk }: { disk: StorageDisk }): React.ReactElement {
  const trans = useTrans();
  return (
    <Meter
      label={trans.__('Disk of %1', disk.holds.join(trans.__(' and ')))}
      fraction={1 - disk.free / disk.total}
      text={trans.__('%1 free of %2', formatBytes(disk.free), formatBytes(disk.total))}
    />
  );
}

interface PartsProps {
  parts: readonly StoragePart[];
  commands: CommandRegistry;
}

function Parts({ parts, commands }: PartsProps): React.ReactElement {
  const trans = useTrans();
  const sorted = bySize(parts);
  const largest = Math.max(1, sorted[0]?.bytes ?? 1);
  return (
    <table className="myd-storage-table" aria-label={trans.__('What takes how much')}>
      <thead>
        <tr>
          <th scope="col">{trans.__('What')}</th>
          <th scope="col" className="myd-mod-right">
            {trans.__('Size')}
          </th>
          <th scope="col" className="myd-mod-right">
            {trans.__('Count')}
          </th>
          <th scope="col" className="myd-mod-right">
            {trans.__('Can go')}
          </th>
        </tr>
      </thead>
      <tbody>
        {sorted.map(part => (
          <Part key={part.kind} part={part} largest={largest} commands={commands} />
        ))}
      </tbody>
    </table>
  );
}

function Part(props: {
  part: StoragePart;
  largest: number;
  commands: CommandRegistry;
}): React.ReactElement {
  const { part, largest, commands } = props;
  const trans = useTrans();
  const known = part.measured !== null;
  const size = part.partial
    ? trans.__('over %1', formatBytes(part.bytes))
    : formatBytes(part.bytes);
  return (
    <tr data-myd-kind="storage" data-myd-id={part.kind}>
      <th scope="row">
        <div className="myd-storage-title">{part.title}</div>
        <div className="myd-storage-track" aria-hidden="true">
          <div
            className="myd-storage-bar"
            style={{ width: `${(100 * (part.bytes - part.can_go)) / largest}%` }}
          />
          <div
            className="myd-storage-bar myd-mod-goes"
            style={{ width: `${(100 * part.can_go) / largest}%` }}
          />
        </div>
        <div className="myd-storage-why">{part.why}</div>
        {part.problem && <div className="myd-storage-problem">{part.problem}</div>}
      </th>
      <td className="myd-mod-right">{known ? size : '…'}</td>
      <td className="myd-mod-right">{known ? counted(part) : ''}</td>
      <td className="myd-mod-right">
        {part.can_go_count > 0 && (
          <TextButton
            kind="link"
            title={trans.__('See what goes: %1', part.title)}
            onClick={() => commands.execute(CommandIDs.clean, { kinds: [part.kind] })}
          >
            {formatBytes(part.can_go)}
          </TextButton>
        )}
      </td>
    </tr>
  );
}
