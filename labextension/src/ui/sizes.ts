import type { Size } from '../api/schema';
import type { Option } from './fields';
import { formatBytes, plural } from './format';

/** A size as a card of a form. */
export function sizeOption(size: Size): Option {
  return {
    value: size.name,
    label: size.name,
    description: `${plural(size.cpus, 'CPU')} · ${formatBytes(size.memory)}`,
  };
}
