import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { contextId } from './list';
import { attempt } from './notify';

const CATEGORY = 'Modelyard';

/** Where the commands of a domain are registered. */
export interface CommandHost {
  app: JupyterFrontEnd;
  palette: ICommandPalette | null;
}

export interface ObjectCommand {
  id: string;
  label: string;
  icon?: LabIcon;
  /** `data-myd-kind` of the rows whose context menu offers it. */
  kind: string;
  /** Its place in the context menu. */
  rank: number;
  /** The object that explicit arguments name, as rows name it in `data-myd-id`. */
  fromArgs: (args: ReadonlyPartialJSONObject) => string | undefined;
  /** The object whose page is in front; without it, the palette does not offer the command. */
  current?: () => string | null;
  /** Whether it can be done with that object now; without it, always. */
  when?: (id: string) => boolean;
  /** Failures become notifications. */
  run: (id: string) => Promise<unknown>;
}

/**
 * Add a command that acts on one object: the one its arguments name, the one under the context
 * menu, or, from the palette and by a shortcut, the one whose page is in front.
 */
export function addObjectCommand({ app, palette }: CommandHost, command: ObjectCommand): void {
  const { id, label, icon, kind, rank, current, when } = command;
  const target = (args: ReadonlyPartialJSONObject): string | undefined =>
    // The hit test remembers the last context menu: nothing else may act on that.
    args.isContextMenu
      ? contextId(test => app.contextMenuHitTest(test), kind)
      : (command.fromArgs(args) ?? current?.() ?? undefined);
  app.commands.addCommand(id, {
    label,
    icon,
    isEnabled: args => {
      const object = target(args);
      return object !== undefined && (when?.(object) ?? true);
    },
    execute: args => {
      const object = target(args);
      return object === undefined ? undefined : attempt(() => command.run(object));
    },
  });
  app.contextMenu.addItem({
    command: id,
    selector: `[data-myd-kind="${kind}"]`,
    rank,
    args: { isContextMenu: true },
  });
  if (current) {
    palette?.addItem({ command: id, category: CATEGORY, args: { isPalette: true } });
  }
}

/** A text argument of that name. */
export function textArgument(
  name: string,
): (args: ReadonlyPartialJSONObject) => string | undefined {
  return args => (args[name] === undefined ? undefined : String(args[name]));
}
