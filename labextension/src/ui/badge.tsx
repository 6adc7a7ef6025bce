import * as React from 'react';

/** What a state means to the eye: its colour, and whether it is still moving. */
export type Tone = 'neutral' | 'active' | 'good' | 'warning' | 'bad';

const TONES: Record<string, Tone> = {
  creating: 'active',
  starting: 'active',
  stopping: 'active',
  deleting: 'active',
  building: 'active',
  updating: 'active',
  draining: 'active',
  preparing: 'active',
  queued: 'neutral',
  running: 'good',
  finished: 'good',
  stopped: 'neutral',
  cancelled: 'warning',
  unreachable: 'warning',
  failed: 'bad',
};

export interface BadgeProps {
  /** A state of an instance, a run, a deployment or an endpoint. */
  state: string;
  /** The text; without it, the state. */
  label?: string;
  /** Overrides what the state implies (a running *run* is 'active', a running instance 'good'). */
  tone?: Tone;
  title?: string;
  /** Show the dot alone; the text stays for screen readers. */
  compact?: boolean;
}

/** A state as a coloured dot and a word. */
export function Badge({ state, label, tone, title, compact }: BadgeProps): React.ReactElement {
  const kind = tone ?? TONES[state] ?? 'neutral';
  const text = label ?? state;
  return (
    <span className={`myd-badge myd-tone-${kind}`} title={title ?? text} data-state={state}>
      <span className="myd-badge-dot" aria-hidden="true" />
      <span className={compact ? 'myd-visually-hidden' : 'myd-badge-text'}>{text}</span>
    </span>
  );
}
