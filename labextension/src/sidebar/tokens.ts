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

/** A button in the head of the panel, for what has no list in it. */
export interface SidebarAction {
  /** Read aloud and shown as tooltip. */
  label: string;
  /** Its place, from the left. */
  rank: number;
  icon: LabIcon;
  run: () => void;
}

/** The one Modelyard panel in the left area. */
export interface ISidebar {
  /** Add a section; dispose of the answer to remove it. */
  addSection(section: SidebarSection): IDisposable;

  /** Add a button; dispose of the answer to remove it. */
  addAction(action: SidebarAction): IDisposable;
}

export const ISidebar = new Token<ISidebar>(
  '@modelyard/lab:ISidebar',
  'The Modelyard panel: other extensions may add sections to it.',
);
