/** Settings of [doors]: where Postfix, the page and the API connect, and who may connect there. */
import { z } from 'zod';
import { parseNetworkRule } from '../../formats/postfix/network-list.ts';

export type DoorSettings = {
  milter: string;
  policy: string;
  http: string;
  allowed_users: string[];
  allowed_clients: string[];
  socket_mode: string;
  sessions_max: number;
};

const fixed = 'inet:[^\\s:]+:\\d{1,5}|inet:\\[[0-9a-f:]+\\]:\\d{1,5}|unix:/\\S+|off';
const postfixDoor = z
  .string()
  .regex(new RegExp(`^(?:auto|${fixed})$`, 'i'), 'must be auto, inet:HOST:PORT, unix:/PATH or off')
  .default('auto');
const auto =
  'auto: Unix sockets in the queue folder of each Postfix that `postern connect postfix` ' +
  'connected; for a guard without a configuration file, a port of 127.0.0.1.';

export const doorSettings: z.ZodType<DoorSettings> = z
  .strictObject({
    milter: postfixDoor.describe(`Address where Postfix connects as to a milter. ${auto}`),
    policy: postfixDoor.describe('Address where Postfix asks as a policy service; auto as above.'),
    http: z
      .string()
      .regex(new RegExp(`^(?:${fixed})$`, 'i'), 'must be inet:HOST:PORT or off')
      .default('inet:127.0.0.1:9902')
      .describe(
        'Address of the status page, the API, /health and /metrics. Keep it on ' +
          'loopback; use an SSH tunnel.',
      ),
    allowed_users: z
      .array(
        z.string().regex(/^(?:\d{1,10}|[^\s:\d][^\s:]{0,63})$/, 'must be a user name or a uid'),
      )
      .max(100)
      .default(['postfix'])
      .describe(
        'Users of this machine, by name or number, whose programs may connect to the milter ' +
          'and policy doors. Root, and the user of each connected Postfix, may always connect.',
      ),
    allowed_clients: z
      .array(
        z
          .string()
          .refine(
            (text) => parseNetworkRule(text) !== undefined,
            'must be an IP address or a network such as 192.0.2.0/24; ! in front excludes it',
          ),
      )
      .max(1_000)
      .default([])
      .describe(
        'Other machines that may connect to the milter and policy doors, where these are TCP ' +
          'addresses. Empty: none.',
      ),
    socket_mode: z
      .string()
      .regex(/^0?[0-7]{3}$/)
      .default('0660')
      .describe('Access mode of Unix sockets, octal.'),
    sessions_max: z
      .number()
      .int()
      .min(10)
      .max(20_000)
      .default(2_000)
      .describe(
        'Connections that a door accepts at the same time. Postfix opens one for each' +
          ' smtpd process.',
      ),
  })
  .prefault({});
