/// <reference types="vitest/config" />
import { defineConfig } from 'vite';

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    include: ['{src,kernels,models,workers,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**'],
  },
});
