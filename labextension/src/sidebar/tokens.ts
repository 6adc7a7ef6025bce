import type { LabIcon } from '@jupyterlab/ui-components';
import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type * as React from 'react';

/** A part of the Modelyard panel; its component renders a `Section` of ui/ with the same id. */
export interface SidebarSection {
  id: string;
  title: string;
  /** Its place: compute 10, experiments 20, models 30, endpoints 40, gallery 90. */
  rank: number;
  icon: LabIcon;
  Component: React.ComponentType;
}

/** The one Modelyard panel in the left area. */
export interface ISidebar {
  /** Add a section; dispose of the answer to remove it. */
  addSection(section: SidebarSection): IDisposable;
}

export const ISidebar = new Token<ISidebar>(
  '@modelyard/lab:ISidebar',
  'The Modelyard panel: other extensions may add sections to it.',
);
