/** Commands about the disk. */
export const CommandIDs = {
  /** Show what takes how much. */
  open: 'modelyard:storage-open',
  /** Show what can go of `{ kinds }` (or of all), and remove what is chosen. */
  clean: 'modelyard:storage-clean',
} as const;
