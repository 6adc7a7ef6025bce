/** Numbers, sizes and times for people. Times are seconds since the epoch, as on the wire. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Bytes: '1.5 GiB'. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits).replace(/\.0$/, '')} ${UNITS[unit]}`;
}

/** A metric's value with at most `digits` significant digits; NaN and infinities by name. */
export function formatNumber(value: number | string | null | undefined, digits = 5): string {
  if (value === null || value === undefined) {
    return '';
  }
  if (typeof value === 'string') {
    return value;
  }
  if (!Number.isFinite(value)) {
    return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  }
  if (Number.isInteger(value) && Math.abs(value) < 1e9) {
    return String(value);
  }
  const size = Math.abs(value);
  const text = value.toPrecision(digits);
  if (size >= 1e9 || size < 1e-4) {
    return Number(text).toExponential();
  }
  return String(Number(text));
}

/** Seconds: '850 ms', '12 s', '3 min 5 s', '2 h 4 min', '3 d 2 h'. */
export function formatDuration(seconds: number): string {
  if (seconds < 1) {
    return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return `${whole} s`;
  }
  const steps: [number, string, number, string][] = [
    [60, 'min', 1, 's'],
    [3600, 'h', 60, 'min'],
    [86400, 'd', 3600, 'h'],
  ];
  const [big, bigUnit, small, smallUnit] = steps[whole < 3600 ? 0 : whole < 86400 ? 1 : 2];
  const rest = Math.floor((whole % big) / small);
  return `${Math.floor(whole / big)} ${bigUnit}${rest ? ` ${rest} ${smallUnit}` : ''}`;
}

/** The user's own notation of a moment, to the second. */
export function formatTime(timestamp: number | null | undefined): string {
  if (!timestamp) {
    return '';
  }
  return new Date(timestamp * 1000).toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: 'medium',
  });
}

/** 'just now', '5 minutes ago', 'yesterday'. */
export function relativeTime(
  timestamp: number | null | undefined,
  now = Date.now() / 1000,
  language?: string,
): string {
  if (!timestamp) {
    return '';
  }
  // A clock that is behind, or a `now` some seconds old, must not make the past a future.
  const seconds = Math.min(0, timestamp - now);
  const size = Math.abs(seconds);
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  if (size < 10) {
    return format.format(0, 'second');
  }
  if (size < 60) {
    return format.format(Math.round(seconds), 'second');
  }
  if (size < 3600) {
    return format.format(Math.round(seconds / 60), 'minute');
  }
  if (size < 86400) {
    return format.format(Math.round(seconds / 3600), 'hour');
  }
  if (size < 30 * 86400) {
    return format.format(Math.round(seconds / 86400), 'day');
  }
  return new Date(timestamp * 1000).toLocaleDateString(language, { dateStyle: 'medium' });
}

/** '1 run', '2 runs'. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}
