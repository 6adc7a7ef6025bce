import * as React from 'react';

import type { Device, DeviceHolder, DeviceProcess } from '../api/schema';
import { Badge, Tone } from '../ui/badge';
import { TextButton } from '../ui/buttons';
import { formatBytes, formatTime } from '../ui/format';
import { deviceIcon } from './icons';
import { ListRow } from '../ui/list';
import { Meter } from '../ui/meter';
import { useTrans } from '../ui/translation';
import { deviceLabel, strangers, usageOf } from './model';

const TONES: Record<ReturnType<typeof usageOf>, Tone> = {
  free: 'neutral',
  held: 'good',
  shared: 'good',
  'in use': 'warning',
};

export interface DeviceRowProps {
  device: Device;
  /** Opens the page of a holder; null where it has none here. */
  opener: (holder: DeviceHolder) => (() => void) | null;
}

/** A device: how full and how busy it is, and who has it. */
export function DeviceRow({ device, opener }: DeviceRowProps): React.ReactElement {
  const trans = useTrans();
  const { memory, memory_used, utilisation, holders } = device;
  const usage = usageOf(device);
  const words: Record<typeof usage, string> = {
    free: trans.__('free'),
    held: trans.__('held'),
    shared: trans.__('shared'),
    'in use': trans.__('in use'),
  };
  return (
    <ListRow
      kind="device"
      id={device.id}
      icon={deviceIcon}
      title={deviceLabel(device)}
      subtitle={device.name === deviceLabel(device) ? undefined : device.name}
      tooltip={`${deviceLabel(device)}\n${device.name}\n${device.id}`}
      badge={
        <Badge
          state={usage}
          label={utilisation ? `${words[usage]} · ${utilisation.toFixed(0)} %` : words[usage]}
          title={
            utilisation === null ? words[usage] : trans.__('%1 % busy', utilisation.toFixed(0))
          }
          tone={TONES[usage]}
        />
      }
    >
      <div className="myd-device">
        {memory !== null && (
          <Meter
            label={trans.__('Memory')}
            fraction={memory_used === null ? null : memory_used / memory}
            text={
              memory_used === null
                ? formatBytes(memory)
                : `${formatBytes(memory_used)} / ${formatBytes(memory)}`
            }
          />
        )}
        {holders.map(holder => (
          <Holder
            key={`${holder.workspace} ${holder.kind} ${holder.name}`}
            holder={holder}
            open={opener(holder)}
          />
        ))}
        {strangers(device).map(process => (
          <Stranger key={process.pid} process={process} />
        ))}
      </div>
    </ListRow>
  );
}

function Holder(props: { holder: DeviceHolder; open: (() => void) | null }): React.ReactElement {
  const { holder, open } = props;
  const trans = useTrans();
  const since = holder.since ? trans.__('since %1', formatTime(holder.since)) : undefined;
  return (
    <div className="myd-device-line" title={[holder.name, since].filter(Boolean).join('\n')}>
      {open ? (
        <TextButton kind="link" onClick={open}>
          {holder.name}
        </TextButton>
      ) : (
        <span>{trans.__('%1 %2 of another workspace', holder.kind, holder.name)}</span>
      )}
      {holder.shared && <span className="myd-muted">{trans.__('shares it')}</span>}
    </div>
  );
}

function Stranger({ process }: { process: DeviceProcess }): React.ReactElement {
  const trans = useTrans();
  const name = process.name || trans.__('A program');
  const memory = process.memory === null ? '' : ` · ${formatBytes(process.memory)}`;
  const text = trans.__('%1 (process %2), not of Modelyard', name, process.pid) + memory;
  return (
    <div className="myd-device-line myd-muted" title={text}>
      <span>{text}</span>
    </div>
  );
}
