import * as React from 'react';
import { createRoot, Root } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { GrowingLog } from '../api/growinglog';
import { LogBlocks, useFollowedEnd } from './growinglog';

const LINE = `${'x'.repeat(99)}\n`;

describe('a log on a page', () => {
  let text: string;
  let log: GrowingLog;
  let root: Root;
  let box: HTMLElement;

  function View(): React.ReactElement {
    const { ref, onScroll } = useFollowedEnd<HTMLDivElement>(log.blocks, log);
    return (
      <div ref={ref} onScroll={onScroll}>
        <LogBlocks log={log} />
      </div>
    );
  }

  /** Write lines, and show what is there. */
  async function grow(lines: number): Promise<void> {
    text += LINE.repeat(lines);
    await log.refresh();
    React.act(() => root.render(<View />));
    box = document.body.firstElementChild?.firstElementChild as HTMLElement;
    // jsdom lays nothing out: a line is a pixel high, and a hundred are seen.
    Object.defineProperties(box, {
      scrollHeight: { configurable: true, get: () => box.textContent!.length / LINE.length },
      clientHeight: { configurable: true, get: () => 100 },
    });
  }

  function scrollTo(top: number): void {
    box.scrollTop = top;
    React.act(() => void box.dispatchEvent(new Event('scroll', { bubbles: true })));
  }

  beforeEach(async () => {
    (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
    text = '';
    log = new GrowingLog({
      tail: 1_000,
      read: async place => {
        const offset = 'offset' in place ? place.offset : 0;
        const next = text.length;
        return { text: text.slice(offset), truncated: false, offset, next, source: '' };
      },
    });
    const place = document.createElement('div');
    document.body.replaceChildren(place);
    root = createRoot(place);
    await grow(500);
  });

  afterEach(() => {
    React.act(() => root.unmount());
    document.body.replaceChildren();
  });

  it('stays at its end while it grows', async () => {
    await grow(10);
    expect(box.scrollTop).toBe(510);
  });

  it('stays where it is read, until the reader goes to its end again', async () => {
    scrollTo(200);
    await grow(10);
    expect(box.scrollTop).toBe(200);
    scrollTo(410);
    await grow(10);
    expect(box.scrollTop).toBe(520);
  });

  it('begins with the end of another log, wherever the one before was read', async () => {
    scrollTo(200);
    log = new GrowingLog({
      tail: 1_000,
      read: async () => ({ text, truncated: false, offset: 0, next: 1, source: '' }),
    });
    await grow(100);
    expect(box.scrollTop).toBe(600);
  });

  it('adds to what is drawn, and draws nothing again', async () => {
    const drawn = [...box.children];
    const texts = drawn.map(each => each.textContent);
    expect(drawn.length).toBeGreaterThan(2);
    await grow(300);
    expect(box.textContent).toBe(text);
    expect([...box.children].slice(0, drawn.length)).toEqual(drawn);
    expect(drawn.slice(0, -1).map(each => each.textContent)).toEqual(texts.slice(0, -1));
  });
});
