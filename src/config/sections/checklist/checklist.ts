/** Settings of [checklist]: items of your own. */
import { z } from 'zod';
import type { Cost, Effort } from '../../../core/checklist/items/item.ts';

const line = z
  .string()
  .max(300)
  .regex(/^\P{Cc}*$/u, 'must not have control characters');

const item = z.strictObject({
  id: z
    .string()
    .regex(/^own\.[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?$/, 'must be own.NAME, in small letters'),
  title: line.min(1),
  command: z
    .array(
      z
        .string()
        .max(4_096)
        .regex(/^[^\0]*$/, 'must not have a zero byte'),
    )
    .min(1)
    .max(100)
    .refine(
      ([program = '']) => program.startsWith('/'),
      'must begin with a path such as /usr/bin/x',
    ),
  effort: z.enum(['minutes', 'hours', 'days']).default('minutes'),
  cost: z.enum(['free', 'money']).default('free'),
  effect: line.default(''),
  fix: line.default(''),
});

export type OwnItemSettings = {
  id: string;
  title: string;
  command: string[];
  effort: Effort;
  cost: Cost;
  effect: string;
  fix: string;
};

export type ChecklistSettings = { items: OwnItemSettings[] };

export const checklistSettings: z.ZodType<ChecklistSettings> = z
  .strictObject({
    items: z
      .array(item)
      .max(40)
      .refine((all) => new Set(all.map(({ id }) => id)).size === all.length, {
        message: 'two items have the same id',
      })
      .default([])
      .describe(
        'Items of your own for `postern checklist`. Each [[checklist.items]] has id (own.NAME), ' +
          'title, and command: a program with its path and arguments, as a list, without a ' +
          'shell. It runs as the user of the guard, never as root, for at most 10 seconds. Its ' +
          'exit code says the state: 0 done, 1 broken, 2 missing, 3 not needed, any other ' +
          'unknown; its first line is shown. Besides: effort (minutes, hours, days), cost ' +
          '(free, money), effect (what it prevents) and fix (what to do).',
      ),
  })
  .prefault({});
