// The request of the audit page.
import { query } from '../api/client';
import { request } from '../api/http';
import type { AuditPage } from './types';

export interface AuditQuery {
  /** Exactly so; empty for all. */
  who: string;
  action: string;
  before?: number;
  limit: number;
}

export const auditPage = (params: AuditQuery) =>
  request<AuditPage>('GET', `/api/audit${query({ ...params })}`);
