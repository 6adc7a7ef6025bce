/** What axe finds in our parts of JupyterLab. */
import { readFileSync } from 'node:fs';

import type { AxeResults, ElementContext, RunOptions } from 'axe-core';
import { expect, Page } from '@playwright/test';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** Rules whose outcome another theme changes: colours differ there, and nothing else. */
const COLOURS = ['color-contrast', 'link-in-text-block'];

/** Themes to look at things in, and the rules to check there; undefined: all. */
export const THEMES: readonly [string, string[] | undefined][] = [
  ['JupyterLab Dark', COLOURS],
  ['JupyterLab Light', undefined],
];

interface Axe {
  run(context: ElementContext, options: RunOptions): Promise<AxeResults>;
}

/**
 * No rule of axe is broken in what the selector finds.
 *
 * @param rules the ids of those to check; all without it.
 */
export async function expectAccessible(
  page: Page,
  selector: string,
  rules?: string[],
): Promise<void> {
  await expect(page.locator(selector).filter({ visible: true }).first()).toBeVisible();
  if (!(await page.evaluate(() => 'axe' in window))) {
    await page.evaluate(AXE);
  }
  const options: RunOptions = {
    resultTypes: ['violations'],
    ...(rules && { runOnly: { type: 'rule', values: rules } }),
  };
  const found = await page.evaluate(
    async ([context, options]) => {
      const { axe } = window as unknown as { axe: Axe };
      const { violations } = await axe.run(context, options);
      return violations.flatMap(({ id, nodes }) =>
        nodes.map(node => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary ?? ''}`),
      );
    },
    [selector, options] as const,
  );
  expect.soft(found, `axe on ${selector}`).toEqual([]);
}
