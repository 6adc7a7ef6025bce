import { describe, expect, it } from 'vitest';

import { Sections, StoredSectionState } from './sections';
import type { SidebarAction, SidebarSection } from './tokens';

function section(id: string, rank: number): SidebarSection {
  return { id, rank, title: id, icon: null as never, Component: () => null };
}

describe('Sections', () => {
  it('stand in the order of their ranks and go when they are disposed of', () => {
    const sections = new Sections();
    sections.addSection(section('gallery', 90));
    const compute = sections.addSection(section('compute', 10));
    expect(sections.all.map(one => one.id)).toEqual(['compute', 'gallery']);
    compute.dispose();
    expect(sections.all.map(one => one.id)).toEqual(['gallery']);
  });
});

describe('Actions', () => {
  it('stand in the order of their ranks and go when they are disposed of', () => {
    const sections = new Sections();
    let told = 0;
    sections.changed.connect(() => (told += 1));
    const action = (label: string, rank: number): SidebarAction => ({
      label,
      rank,
      icon: null as never,
      run: () => undefined,
    });
    sections.addAction(action('b', 20));
    const first = sections.addAction(action('a', 10));
    expect(sections.actions.map(({ label }) => label)).toEqual(['a', 'b']);
    first.dispose();
    expect(sections.actions.map(({ label }) => label)).toEqual(['b']);
    expect(told).toBe(3);
  });
});

describe('StoredSectionState', () => {
  it('keeps what was folded', async () => {
    const kept = new Map<string, unknown>();
    const db = {
      fetch: async (id: string) => kept.get(id) as never,
      save: async (id: string, value: unknown) => void kept.set(id, value),
    };
    const first = new StoredSectionState(db);
    await first.load();
    expect(first.isOpen('models', true)).toBe(true);
    first.setOpen('models', false, true);
    first.setOpen('experiment/1', true, false);
    first.setOpen('experiment/2', true, false);
    first.setOpen('experiment/2', false, false);

    const second = new StoredSectionState(db);
    await second.load();
    expect(second.isOpen('models', true)).toBe(false);
    expect(second.isOpen('experiment/1', false)).toBe(true);
    expect(second.isOpen('compute', true)).toBe(true);
    expect(kept.get('modelyard:sections')).toEqual({ models: false, 'experiment/1': true });
  });

  it('starts as on the first day when nothing can be read', async () => {
    const db = { fetch: () => Promise.reject(new Error('broken')), save: async () => undefined };
    const state = new StoredSectionState(db);
    await state.load();
    expect(state.isOpen('compute', true)).toBe(true);
  });
});
