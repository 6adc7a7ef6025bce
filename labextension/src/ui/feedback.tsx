import * as React from 'react';

import { ApiError } from '../api/request';
import type { Progress } from '../api/schema';
import { TextButton } from './buttons';
import { CodeBlock } from './code';
import { useTrans } from './translation';

export interface EmptyStateProps {
  /** What would be here, and the next step. */
  children: React.ReactNode;
  /** A line of code that does the next step. */
  code?: string;
  action?: { label: string; onClick: () => void };
}

/** Nothing there yet: says what comes here and how. */
export function EmptyState({ children, code, action }: EmptyStateProps): React.ReactElement {
  return (
    <div className="myd-empty">
      <div className="myd-empty-text">{children}</div>
      {action && <TextButton onClick={action.onClick}>{action.label}</TextButton>}
      {code && <CodeBlock code={code} />}
    </div>
  );
}

export interface ErrorStateProps {
  /** Anything thrown, or an error as the server reports it. */
  error: unknown;
  /** What could not be done: 'Cannot list the instances'. */
  title?: string;
  retry?: () => void;
  /** More buttons beside "Try again". */
  children?: React.ReactNode;
}

/** What went wrong, what to do about it, and a way to try again. */
export function ErrorState({ error, title, retry, children }: ErrorStateProps): React.ReactElement {
  const trans = useTrans();
  const { message, hint } = asInfo(error);
  return (
    <div className="myd-error" role="alert">
      {title && <div className="myd-error-title">{title}</div>}
      <div className="myd-error-message" title={message}>
        {message}
      </div>
      {hint && <Hint text={hint} />}
      {(retry || children) && (
        <div className="myd-error-actions">
          {retry && <TextButton onClick={retry}>{trans.__('Try again')}</TextButton>}
          {children}
        </div>
      )}
    </div>
  );
}

/** What to do next; the end of a log comes as a hint of several lines. */
function Hint({ text }: { text: string }): React.ReactElement {
  return text.includes('\n') ? (
    <pre className="myd-error-log" tabIndex={0}>
      {text}
    </pre>
  ) : (
    <div className="myd-error-hint" title={text}>
      {text}
    </div>
  );
}

/** Message and hint of anything: an ApiError, an `ErrorInfo`, another exception, a text. */
export function asInfo(error: unknown): { message: string; hint: string } {
  if (typeof error === 'object' && error !== null && !(error instanceof Error)) {
    const { message = '', hint = '' } = error as { message?: string; hint?: string };
    return { message, hint };
  }
  const { message, hint } = ApiError.from(error);
  return { message, hint };
}

export interface ProgressLineProps {
  /** What is being done; without it, an indeterminate line. */
  progress?: Progress | null;
  label?: string;
}

/** A thin line that fills or moves, with what is being done below it. */
export function ProgressLine({ progress, label }: ProgressLineProps): React.ReactElement {
  const trans = useTrans();
  const fraction = progress?.fraction ?? null;
  const text = label ?? progress?.message ?? '';
  const percent = fraction === null ? undefined : Math.round(fraction * 100);
  return (
    <div className="myd-progress">
      <div
        className={`myd-progress-track${fraction === null ? ' myd-mod-moving' : ''}`}
        role="progressbar"
        aria-label={text || trans.__('Loading')}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
      >
        <div
          className="myd-progress-bar"
          style={percent === undefined ? undefined : { width: `${percent}%` }}
        />
      </div>
      {text && (
        <div className="myd-progress-text" title={text} aria-live="polite">
          {text}
          {percent !== undefined && ` (${percent} %)`}
        </div>
      )}
    </div>
  );
}

/** Grey bars in the place of rows that are being fetched. */
export function Skeleton({ rows = 3 }: { rows?: number }): React.ReactElement {
  const trans = useTrans();
  return (
    <div className="myd-skeleton" role="status" aria-label={trans.__('Loading')}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="myd-skeleton-row" />
      ))}
    </div>
  );
}
