import { request } from '../api/request';
import type { Device } from '../api/schema';

/** The machine's devices with who holds them. @throws ApiError */
export function listDevices(): Promise<Device[]> {
  return request<Device[]>('/devices');
}
