import { WebLoraError } from '../errors.ts';

export function fileNotFound(path: string, cause?: unknown): WebLoraError {
  return new WebLoraError('file-not-found', path, {
    got: 'no such file',
    wanted: 'a file to read',
    fix: 'check the path',
    cause,
  });
}

export function diskFull(path: string, cause?: unknown): WebLoraError {
  return new WebLoraError('storage', `${path} cannot be written`, {
    got: 'a full disk or a used-up quota',
    wanted: 'free space',
    fix: 'remove old runs or free disk space, then resume the run',
    cause,
  });
}

export function noPermission(path: string, cause?: unknown): WebLoraError {
  return new WebLoraError('storage', `${path} cannot be accessed`, {
    got: 'permission denied',
    wanted: 'a folder that can be read and written',
    fix: 'choose another folder or change its permissions',
    cause,
  });
}

export function folderNotEmpty(path: string, cause?: unknown): WebLoraError {
  return new WebLoraError('storage', `${path} cannot be removed`, {
    got: 'a folder with files in it',
    wanted: 'an empty folder',
    fix: 'remove it with everything in it',
    cause,
  });
}

export function otherFailure(path: string, reason: string, cause?: unknown): WebLoraError {
  return new WebLoraError('storage', `${path} cannot be used`, {
    got: reason,
    fix: 'check that the path is free and the disk works',
    cause,
  });
}

export function alreadyLocked(path: string, holder: string, fix: string): WebLoraError {
  return new WebLoraError('locked', path, { got: `a lock held by ${holder}`, wanted: 'one writer at a time', fix });
}
