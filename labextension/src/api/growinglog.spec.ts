import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { GrowingLog, GrowingLogOptions, LogPlace } from './growinglog';
import type { LogText } from './schema';

const EVERY = 1_000;

/** A log as the server keeps it, in ASCII: a character is a byte. */
class Written {
  text = '';
  source = 'one';
  /** Bytes at its beginning that are kept no longer. */
  gone = 0;

  answer = (place: LogPlace): LogText => {
    const { text, source, gone } = this;
    const asked = 'offset' in place ? place.offset : this._lines(place.tail);
    const offset = Math.max(asked > text.length ? 0 : asked, gone);
    const truncated = offset > ('offset' in place ? place.offset : 0);
    return { text: text.slice(offset), truncated, offset, next: text.length, source };
  };

  private _lines(tail: number): number {
    return (
      this.text.length -
      this.text
        .split(/(?<=\n)/)
        .slice(-tail)
        .join('').length
    );
  }
}

describe('GrowingLog', () => {
  let written: Written;
  let asked: LogPlace[];
  let logs: GrowingLog[];

  const made = (options: Partial<GrowingLogOptions> = {}): GrowingLog => {
    const read = async (place: LogPlace): Promise<LogText> => {
      asked.push(place);
      return written.answer(place);
    };
    const log = new GrowingLog({ read, tail: 2, every: EVERY, ...options });
    logs.push(log);
    return log;
  };

  beforeEach(() => {
    vi.useFakeTimers();
    written = new Written();
    asked = [];
    logs = [];
  });

  afterEach(() => {
    vi.useRealTimers();
    logs.forEach(log => log.dispose());
  });

  it('begins with the last lines, and reads what is new only', async () => {
    written.text = 'a\nb\nc\n';
    const log = made();
    expect(log.loaded).toBe(false);
    await log.refresh();
    expect([log.text, log.truncated, log.loaded]).toEqual(['b\nc\n', true, true]);
    written.text += 'd\nhalf';
    await log.refresh();
    written.text += ' a line\n';
    await log.refresh();
    expect(log.text).toBe('b\nc\nd\nhalf a line\n');
    expect(asked).toEqual([{ tail: 2 }, { offset: 6 }, { offset: 12 }]);
  });

  it('shows what is there when the log became another one', async () => {
    written.text = 'first\nsecond\n';
    const log = made();
    await log.refresh();
    written.text = 'new\n';
    await log.refresh();
    expect([log.text, log.truncated]).toEqual(['new\n', false]);
  });

  it('begins with the last lines of the log of another deployment', async () => {
    written.text = 'old\n';
    const log = made();
    await log.refresh();
    // It is longer already: from the byte that was asked for on, it would lack its beginning.
    Object.assign(written, { source: 'two', text: 'starting\nready\n' });
    await log.refresh();
    expect(log.text).toBe('starting\nready\n');
    expect(asked).toEqual([{ tail: 2 }, { offset: 4 }, { tail: 2 }]);
    written.text += 'more\n';
    await log.refresh();
    expect(log.text).toBe('starting\nready\nmore\n');
  });

  it('goes on behind what is kept no longer, and says that something is missing', async () => {
    written.text = 'a\n';
    const log = made();
    await log.refresh();
    expect(log.truncated).toBe(false);
    written.text += 'lost\nkept\n';
    written.gone = 7;
    await log.refresh();
    expect([log.text, log.truncated]).toEqual(['kept\n', true]);
  });

  it('takes each answer for all of the end where nobody counts bytes', async () => {
    const texts = ['a\nb\n', 'b\nc\n'];
    const log = made({
      read: async place => {
        asked.push(place);
        return { text: texts[asked.length - 1], truncated: false, offset: 0, next: 0, source: '' };
      },
    });
    const watching = log.watch();
    await vi.advanceTimersByTimeAsync(5 * EVERY);
    expect(asked).toHaveLength(1); // the same text again and again would be read
    await log.refresh();
    expect(log.text).toBe('b\nc\n');
    expect(asked).toEqual([{ tail: 2 }, { tail: 2 }]);
    watching.dispose();
  });

  it('keeps the end only, in blocks that stay as they are', async () => {
    const line = `${'x'.repeat(99)}\n`;
    written.text = line.repeat(1_000);
    const log = made({ tail: 1_000, kept: 150_000 });
    await log.refresh();
    expect([log.text.length, log.truncated]).toEqual([100_000, false]);
    const before = log.blocks;
    expect(before.length).toBeGreaterThan(3);
    expect(before.every(({ text }) => text.endsWith('\n'))).toBe(true);

    written.text += line.repeat(1_000);
    await log.refresh();
    expect(log.text.length).toBeLessThanOrEqual(150_000);
    expect(log.text.length).toBeGreaterThan(100_000);
    expect([log.truncated, written.text.endsWith(log.text)]).toEqual([true, true]);
    const stayed = log.blocks.filter(block => before.includes(block));
    expect(stayed.length).toBeGreaterThan(0);
    expect(new Set(log.blocks.map(({ id }) => id)).size).toBe(log.blocks.length);
  });

  it('keeps the end of a line that never ends, too', async () => {
    written.text = 'x';
    const log = made({ kept: 100_000 });
    await log.refresh();
    for (let round = 0; round < 30; round++) {
      written.text += String(round % 10).repeat(10_000);
      await log.refresh();
    }
    expect(log.text.length).toBeLessThanOrEqual(100_000);
    expect(written.text.endsWith(log.text)).toBe(true);
  });

  it('reads on at once when there is more than an answer holds', async () => {
    written.text = 'begin\n';
    const log = made({
      kept: 10_000_000,
      read: async place => {
        asked.push(place);
        const piece = written.answer(place);
        const text = piece.text.slice(0, 1 << 20);
        return { ...piece, text, next: piece.offset + text.length };
      },
    });
    await log.refresh();
    written.text += 'y'.repeat(3 << 20);
    await log.refresh();
    expect(log.text).toBe(written.text);
  });

  it('reads on by itself, but only while somebody looks', async () => {
    written.text = 'a\n';
    const log = made();
    const [one, other] = [log.watch(), log.watch()];
    await vi.advanceTimersByTimeAsync(2 * EVERY);
    expect(asked).toHaveLength(3); // at once, then twice
    one.dispose();
    written.text += 'b\n';
    await vi.advanceTimersByTimeAsync(EVERY);
    expect(log.text).toBe('a\nb\n');
    other.dispose();
    await vi.advanceTimersByTimeAsync(10 * EVERY);
    expect(asked).toHaveLength(4);
  });

  it('keeps what it has when a question fails, says why, and goes on from there', async () => {
    written.text = 'a\n';
    let fail = false;
    const log = made({
      read: async place => {
        if (fail) {
          throw new Error('lost');
        }
        return written.answer(place);
      },
    });
    await log.refresh();
    fail = true;
    await log.refresh();
    expect([log.text, log.error?.message]).toEqual(['a\n', 'lost']);
    fail = false;
    written.text += 'b\n';
    await log.refresh();
    expect([log.text, log.error]).toEqual(['a\nb\n', null]);
  });
});
