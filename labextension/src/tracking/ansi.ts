/** A stretch of log text in one style. */
export interface ISpan {
  text: string;
  /** Theme colour (`red`, `green` …), empty: the default. */
  color: string;
  bold: boolean;
}

const COLORS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

// ESC [ parameters letter; also the OSC sequences that set titles and links.
// eslint-disable-next-line no-control-regex
const ESCAPE = /\u001b\[([0-9;?]*)([A-Za-z])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;

/**
 * What a terminal would show of a text in which a line was overwritten (`\r`, progress bars):
 * the last state of each line.
 */
export function applyReturns(text: string): string {
  if (!text.includes('\r')) {
    return text;
  }
  return text
    .replace(/\r+\n/g, '\n')
    .split('\n')
    .map(line => line.slice(line.lastIndexOf('\r', line.length - 2) + 1).replace(/\r$/, ''))
    .join('\n');
}

/** Log text as styled spans; colours and bold are kept, all other escapes are dropped. */
export function parseAnsi(text: string): ISpan[] {
  const spans: ISpan[] = [];
  let style = { color: '', bold: false };
  let from = 0;
  const push = (piece: string): void => {
    if (piece) {
      spans.push({ text: piece, ...style });
    }
  };
  for (const match of text.matchAll(ESCAPE)) {
    push(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === 'm') {
      style = restyle(style, match[1]);
    }
  }
  push(text.slice(from));
  return spans;
}

function restyle(style: Omit<ISpan, 'text'>, parameters: string): Omit<ISpan, 'text'> {
  const next = { ...style };
  const codes = parameters.split(';').map(Number);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code === 0) {
      next.color = '';
      next.bold = false;
    } else if (code === 1) {
      next.bold = true;
    } else if (code === 22) {
      next.bold = false;
    } else if (code === 39) {
      next.color = '';
    } else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) {
      next.color = COLORS[code % 10];
    } else if (code === 38 || code === 48) {
      // 256-colour and true-colour forms: skip their arguments, keep the default colour.
      i += codes[i + 1] === 5 ? 2 : 4;
    }
  }
  return next;
}
