import { expect, Locator } from '@playwright/test';

import { Lab } from './lab';

/** The notebook in front. */
export class NotebookPage {
  constructor(private readonly lab: Lab) {}

  get panel(): Locator {
    return this.lab.page.locator('.jp-NotebookPanel').filter({ visible: true });
  }

  private get cells(): Locator {
    return this.panel.locator('.jp-CodeCell');
  }

  /** Wait until its kernel is of that name and answers. */
  async waitForKernel(name: string): Promise<void> {
    await expect(this.panel.getByRole('button', { name })).toBeVisible({ timeout: 60_000 });
    await expect(this.panel.locator('.jp-Notebook-ExecutionIndicator')).toHaveAttribute(
      'data-status',
      'idle',
      { timeout: 60_000 },
    );
  }

  /** Type code into the last cell and run it; the answer is the cell. */
  async run(code: string): Promise<Locator> {
    const index = (await this.cells.count()) - 1;
    const cell = this.cells.nth(index);
    await cell.locator('.cm-content').click();
    await this.lab.page.keyboard.insertText(code);
    await this.lab.page.keyboard.press('Shift+Enter');
    await expect(this.cells).toHaveCount(index + 2);
    return cell;
  }

  /** Answer the cell's `input()`. */
  async answer(cell: Locator, text: string): Promise<void> {
    const box = cell.locator('.jp-Stdin-input');
    await box.fill(text);
    await box.press('Enter');
  }

  /** The text a cell printed. */
  output(cell: Locator): Locator {
    return cell.locator('.jp-OutputArea-output');
  }

  /** Wait until it ran to its end without an error. */
  async expectDone(cell: Locator): Promise<void> {
    await expect(cell.locator('.jp-InputPrompt')).toHaveText(/\[\d+\]:/, { timeout: 120_000 });
    await expect(cell.locator('[data-mime-type="application/vnd.jupyter.stderr"]')).toHaveCount(0);
    await expect(cell.locator('.jp-OutputArea-output pre', { hasText: 'Traceback' })).toHaveCount(
      0,
    );
  }
}
