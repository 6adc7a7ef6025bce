import { request } from '../api/request';
import type { StorageCleaned, StorageKind, StorageUsage } from '../api/schema';

/** What was measured last; the server measures anew if that is long ago. @throws ApiError */
export function getUsage(refresh = false): Promise<StorageUsage> {
  return request<StorageUsage>('/storage', { query: refresh ? { refresh } : {} });
}

/** What would go of some kinds. @throws ApiError */
export function listRemovable(kinds: readonly StorageKind[]): Promise<StorageCleaned> {
  return clean(kinds, true);
}

/** Remove what can go of some kinds; takes as long as the disk needs. @throws ApiError */
export function removeKinds(kinds: readonly StorageKind[]): Promise<StorageCleaned> {
  return clean(kinds, false);
}

function clean(kinds: readonly StorageKind[], dry: boolean): Promise<StorageCleaned> {
  return request<StorageCleaned>('/storage/clean', {
    method: 'POST',
    body: { kinds, dry_run: dry },
  });
}
