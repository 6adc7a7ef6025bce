import * as React from 'react';

import type { DeviceHolder } from '../api/schema';
import { useSignal } from '../ui/hooks';
import { List } from '../ui/list';
import { Panel } from '../ui/page';
import { Section } from '../ui/section';
import { useTrans } from '../ui/translation';
import { useWhileVisible } from '../ui/visible';
import { DeviceRow } from './device';
import { areGpus, DevicesModel } from './model';
import type { HolderRef } from './tokens';

export interface DevicesParts {
  model: DevicesModel;
  opener: (holder: DeviceHolder) => (() => void) | null;
}

/** The machine's devices in the sidebar; nothing where it has none. */
export function DevicesSection({ model, opener }: DevicesParts): React.ReactElement | null {
  const trans = useTrans();
  useSignal(model.changed);
  React.useEffect(() => void model.ready(), [model]);
  const visible = useWhileVisible<HTMLDivElement>(() => model.watch(), [model]);
  const { devices, error } = model;
  if (!devices?.length) {
    return null;
  }
  const title = areGpus(devices) ? trans.__('GPUs') : trans.__('Devices');
  return (
    <Section id="devices" title={title} count={devices.length}>
      <div ref={visible} className={error ? 'myd-mod-stale' : undefined}>
        <List
          items={devices}
          label={title}
          render={device => <DeviceRow key={device.id} device={device} opener={opener} />}
        />
      </div>
    </Section>
  );
}

/** The devices that an object holds, as a panel of its page; nothing while it holds none. */
export function HeldPanel(props: DevicesParts & HolderRef): React.ReactElement {
  const { model, opener, kind, name } = props;
  const trans = useTrans();
  useSignal(model.changed);
  const visible = useWhileVisible<HTMLDivElement>(() => model.watch(), [model]);
  const isHolder = (each: DeviceHolder): boolean =>
    each.kind === kind && each.name === name && model.isOurs(each);
  const held = (model.devices ?? []).filter(({ holders }) => holders.some(isHolder));
  // Without devices it still takes part: it has to see when there are some.
  return (
    <div ref={visible} className="myd-held">
      {held.length > 0 && (
        <Panel title={areGpus(held) ? trans.__('GPUs') : trans.__('Devices')}>
          <List
            items={held}
            label={trans.__('Devices of %1', name)}
            render={device => <DeviceRow key={device.id} device={device} opener={opener} />}
          />
        </Panel>
      )}
    </div>
  );
}
