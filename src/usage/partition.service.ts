import { Injectable } from '@nestjs/common';
import { PartitionRepository } from './partition.repository';

/** Keeps partitions ahead of time. */
@Injectable()
export class PartitionService {
  constructor(private readonly partitions: PartitionRepository) {}

  /** Makes the partitions of the coming weeks and months; safe to run at any time, from any number of processes. */
  ensureAhead(): Promise<string[]> {
    return this.partitions.ensureAhead();
  }
}
