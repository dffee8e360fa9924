import { expose } from 'comlink';
import { makeDataApi } from './data.ts';

expose(makeDataApi());
