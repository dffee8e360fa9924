import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Objective } from '../objectives/objective.ts';
import type { FileStore } from '../storage/store.ts';
import type { TrainConfig } from './config.ts';
import type { BaseSettings } from './program-settings.ts';
import type { PlanReport, ProgramSettings } from './program.ts';
import type { RunControl } from './run-control.ts';
import type { RunEvent } from './run-events.ts';
import type { RunRecord } from './run-record.ts';
import type { Trainer } from './trainer.ts';

/** What an executor needs to set up a run's arithmetic. */
export interface TrainerSpec {
  readonly settings: ProgramSettings;
  /** Whether tilings may be measured. */
  readonly tune: boolean;
  /** Kernel variant, tilings, checkpointing and optimizer state of the run that is resumed. */
  readonly kernels?: RunRecord['kernels'];
  /** GPU programs compiled so far, of all. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface DeviceLoss {
  readonly reason: string;
  /** Whether its results were waited for. */
  readonly wasAtWork: boolean;
}

export interface MadeTrainer {
  readonly trainer: Trainer;
  readonly plan: PlanReport | undefined;
  readonly device: Readonly<Record<string, unknown>>;
  readonly deviceName: string;
  readonly kernels: RunRecord['kernels'];
  /** Why the device that the trainer is on was lost, where it was; another trainer then goes on. Absent where there is none to lose. */
  readonly whyLost?: () => Promise<DeviceLoss | undefined>;
}

export interface RunRequest {
  readonly opened: OpenModel;
  readonly base: BaseSettings;
  readonly config: TrainConfig;
  readonly objective: Objective;
  readonly data: Dataset;
  readonly evalData?: Dataset;
  /** General rows to mix in. */
  readonly replayData?: Dataset;
  readonly initAdapter?: LoraAdapter;
  readonly store: FileStore;
  /** The run's folder in the store; '' for the store itself. */
  readonly out: string;
  /** How messages and the model card call the run; default: `out`. */
  readonly title?: string;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  /** Settings besides the training configuration that run.json keeps: model, data, base, … */
  readonly extraSettings?: Readonly<Record<string, unknown>>;
  readonly makeTrainer: (spec: TrainerSpec) => Promise<MadeTrainer>;
  readonly emit: (event: RunEvent) => void;
  readonly control: RunControl;
}
