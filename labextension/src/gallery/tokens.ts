/** Commands about templates. */
export const CommandIDs = {
  /** Open a copy of the template `{ name }`. */
  open: 'modelyard:gallery-open',
} as const;
