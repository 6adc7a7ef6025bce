import * as React from 'react';

import type { GrowingLog } from '../api/growinglog';
import { useSignal } from './hooks';
import { useWhileVisible } from './visible';

/** Pixels from the end at which a reader counts as being there. */
const NEAR = 8;

export interface FollowedEnd<E extends HTMLElement> {
  /** Of what scrolls. */
  ref: React.RefObject<E>;
  onScroll: (event: React.UIEvent<E>) => void;
  follow: boolean;
  setFollow: (follow: boolean) => void;
}

/**
 * Stay at the end of what scrolls while it grows. Whoever scrolls up wants to read, not to be
 * carried away by the next line.
 *
 * @param content - What is shown in it: another one, and the end is elsewhere.
 * @param source - Where that comes from: another one is begun with at its end.
 */
export function useFollowedEnd<E extends HTMLElement>(
  content: unknown,
  source: unknown,
): FollowedEnd<E> {
  const ref = React.useRef<E>(null);
  const [follow, setFollow] = React.useState(true);
  const [shown, setShown] = React.useState(source);
  if (shown !== source) {
    setShown(source);
    setFollow(true);
  }
  React.useLayoutEffect(() => {
    if (follow && ref.current) {
      ref.current.scrollTop = ref.current.scrollHeight;
    }
  }, [follow, content]);
  const onScroll = ({ currentTarget }: React.UIEvent<E>): void => {
    const { scrollTop, scrollHeight, clientHeight } = currentTarget;
    setFollow(scrollHeight - scrollTop - clientHeight < NEAR);
  };
  return { ref, onScroll, follow, setFollow };
}

/**
 * Render again when the log grows, and make it grow while the element is on the screen.
 *
 * @param state - Of whatever writes it: the log is read on when it changes.
 */
export function useGrowingLog(log: GrowingLog, state: unknown): React.RefCallback<HTMLElement> {
  useSignal(log.changed);
  React.useEffect(() => void log.refresh(), [log, state]);
  return useWhileVisible<HTMLElement>(() => log.watch(), [log, state]);
}

/** The text of a log; what was drawn stays as it is while more is added. */
export function LogBlocks({ log }: { log: GrowingLog }): React.ReactElement {
  return (
    <>
      {log.blocks.map(({ id, text }) => (
        <Block key={id} text={text} />
      ))}
    </>
  );
}

const Block = React.memo(function Block({ text }: { text: string }): React.ReactElement {
  return <span className="myd-log-block">{text}</span>;
});

/** Save a text as a file. */
export function saveText(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
