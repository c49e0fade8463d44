/** Who gets a place, and when the places count as full. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fullness, PeerPlaces } from './peer-places.ts';

function places(max: number) {
  const told: (Fullness | undefined)[] = [];
  return { told, places: new PeerPlaces(max, (now) => told.push(now)) };
}

/** Asks for `count` places; answers with how many it got. */
function got(of: PeerPlaces, peer: string, count: number, trusted = false): number {
  let taken = 0;
  for (let index = 0; index < count; index++) {
    if (of.take(peer, trusted) === undefined) taken++;
  }
  return taken;
}

test('one peer gets a quarter; all peers that are not trusted leave a quarter free', () => {
  const { places: of, told } = places(2_000);
  assert.equal(got(of, 'uid 1001', 2_000), 500);
  assert.deepEqual(told, [{ of: 'peer', connections: 500, peer: 'uid 1001', ofPeer: 500 }]);
  for (let uid = 1_002; uid < 1_010; uid++) got(of, `uid ${uid}`, 2_000);
  assert.equal(got(of, 'uid 103', 2_000, true), 500);
  assert.deepEqual(told[1], { of: 'all', connections: 2_000, peer: 'uid 1001', ofPeer: 500 });
  assert.deepEqual([of.take('uid 103', true), of.take('uid 1', false)], ['full', 'full']);
  assert.equal(told.length, 2);
});

test('a trusted peer may take all; it is over when a tenth is free', () => {
  const { places: of, told } = places(100);
  assert.equal(got(of, 'uid 0', 200, true), 100);
  for (let index = 0; index < 10; index++) of.free('uid 0', true);
  assert.deepEqual([told.length, told[0]?.of], [1, 'all']);
  of.free('uid 0', true);
  assert.deepEqual([told.length, told[1]], [2, undefined]);
});

test('a peer that had too many may connect again when it has left some', () => {
  const { places: of, told } = places(40);
  assert.deepEqual([got(of, 'uid 33', 20), got(of, 'uid 34', 3)], [10, 3]);
  of.free('uid 33', false);
  assert.equal(told.length, 1);
  of.free('uid 33', false);
  assert.deepEqual([told.length, told[1], got(of, 'uid 33', 20)], [2, undefined, 2]);
});

test('a listener with one place has it for anybody', () => {
  const { places: of } = places(1);
  assert.deepEqual([of.take('uid 33', false), of.take('uid 0', true)], [undefined, 'full']);
});
