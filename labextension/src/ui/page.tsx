import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

export interface PageHeaderProps {
  icon: LabIcon;
  title: React.ReactNode;
  badge?: React.ReactNode;
  /** Buttons at the right. */
  actions?: React.ReactNode;
  /** A line below: links, times, tags. */
  children?: React.ReactNode;
}

/** The head of a page: what it is, how it is, what can be done. */
export function PageHeader(props: PageHeaderProps): React.ReactElement {
  const { icon, title, badge, actions, children } = props;
  return (
    <div className="myd-page-header" data-testid="myd-page-header">
      <div className="myd-page-heading">
        <div className="myd-page-name">
          <icon.react tag="span" className="myd-icon myd-page-icon" />
          <h1 className="myd-page-title" title={typeof title === 'string' ? title : undefined}>
            {title}
          </h1>
          {badge}
        </div>
        <div className="myd-page-actions">{actions}</div>
      </div>
      {children && <div className="myd-page-subtitle">{children}</div>}
    </div>
  );
}

export interface PanelProps {
  title: string;
  actions?: React.ReactNode;
  children: React.ReactNode;
}

/** A titled part of a page. */
export function Panel({ title, actions, children }: PanelProps): React.ReactElement {
  return (
    <section className="myd-panel" aria-label={title}>
      <div className="myd-panel-header">
        <h2 className="myd-panel-title">{title}</h2>
        <div className="myd-panel-actions">{actions}</div>
      </div>
      <div className="myd-panel-body">{children}</div>
    </section>
  );
}
