import { describe, expect, it } from 'vitest';

import { ApiError } from '../api/request';
import { FormModel, FormOptions } from './formmodel';

const OPTIONS: FormOptions<string> = {
  title: 'New thing',
  action: 'Create',
  fields: [
    { name: 'name', label: 'Name', kind: 'text' },
    { name: 'copy', label: 'Copy', kind: 'text' },
  ],
  initial: { name: '', copy: '' },
  validate: values => ({ name: values.name ? '' : 'Give it a name.' }),
  submit: async values => String(values.name),
};

function refusing(field: string): FormModel<string> {
  const error = new ApiError(409, { code: 'x', message: 'Taken.', hint: 'Use another.', field });
  return new FormModel({ ...OPTIONS, submit: () => Promise.reject(error) });
}

describe('FormModel', () => {
  it('shows no problem of a field that nobody touched', () => {
    const form = new FormModel(OPTIONS);
    expect(form.problem('name')).toBe('');
    form.touch('name');
    expect(form.problem('name')).toBe('Give it a name.');
  });

  it('sends nothing while something is wrong, and says what', async () => {
    const form = new FormModel(OPTIONS);
    expect(await form.submit()).toBeUndefined();
    expect(form.problem('name')).toBe('Give it a name.');
  });

  it('answers what was answered', async () => {
    const form = new FormModel(OPTIONS);
    form.set('name', 'a');
    expect(await form.submit()).toEqual({ result: 'a' });
    expect(form.busy).toBe(false);
  });

  it('shows a refusal at the field that it names, until that is changed', async () => {
    const form = refusing('name');
    form.set('name', 'a');
    expect(await form.submit()).toBeUndefined();
    expect(form.problem('name')).toBe('Taken. Use another.');
    expect(form.refusal).toBeNull();
    form.set('name', 'b');
    expect(form.problem('name')).toBe('');
  });

  it('shows a refusal that names no field of it as a whole', async () => {
    const form = refusing('elsewhere');
    form.set('name', 'a');
    await form.submit();
    expect(form.refusal?.message).toBe('Taken.');
  });

  it('lets values follow from others', () => {
    const derive: FormOptions<string>['derive'] = values => ({ ...values, copy: values.name });
    const form = new FormModel({ ...OPTIONS, derive });
    form.set('name', 'a');
    expect(form.values).toEqual({ name: 'a', copy: 'a' });
  });
});
