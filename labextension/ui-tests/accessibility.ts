/** What axe finds in our parts of JupyterLab. */
import { readFileSync } from 'node:fs';

import type { AxeResults, ElementContext } from 'axe-core';
import { expect, Page } from '@playwright/test';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** No rule of axe is broken in what the selector finds. */
export async function expectAccessible(page: Page, selector: string): Promise<void> {
  await expect(page.locator(selector).filter({ visible: true }).first()).toBeVisible();
  await page.evaluate(AXE);
  const found = await page.evaluate(async (context: ElementContext) => {
    const { axe } = window as unknown as {
      axe: { run(context: ElementContext, options: object): Promise<AxeResults> };
    };
    const { violations } = await axe.run(context, { resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(node => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary ?? ''}`),
    );
  }, selector);
  expect.soft(found, `axe on ${selector}`).toEqual([]);
}
