// Encodes a mesh file, decodes its fields at points, prints them as JSON: the contract as Node reads it.
//
//     echo '[[0.1, 0.2], [0.3, 0.4]]' | node query.mjs HOST:PORT surrogate.proto MESH '{"load": [30, 90]}'

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";

const [target, proto, mesh, conditions] = process.argv.slice(2);
const contract = protoLoader.loadSync(proto, { keepCase: true, longs: Number, oneofs: true });
const client = new (grpc.loadPackageDefinition(contract).enf2enf.v1.Surrogate)(target, grpc.credentials.createInsecure());
const deadline = () => ({ deadline: Date.now() + 60_000 });
const CHUNK = 1 << 20;

function describe() {
  return new Promise((resolve, reject) =>
    client.Describe({}, deadline(), (error, reply) => (error ? reject(error) : resolve(reply))));
}

function encode(path) {
  return new Promise((resolve, reject) => {
    const call = client.Encode(deadline(), (error, reply) => (error ? reject(error) : resolve(reply)));
    const data = readFileSync(path);
    call.write({ header: { name: basename(path), size: data.length } });
    for (let first = 0; first < data.length; first += CHUNK) call.write({ chunk: data.subarray(first, first + CHUNK) });
    call.end();
  });
}

function packed(points) {
  const bytes = Buffer.alloc(8 * points.flat().length);
  points.flat().forEach((coordinate, index) => bytes.writeDoubleLE(coordinate, 8 * index));
  return bytes;
}

function queryOf(conditions, points, dim) {
  const named = Object.entries(conditions).map(([name, value]) => [name, { values: [value].flat() }]);
  return { conditions: Object.fromEntries(named), explicit_points: { count: points.length, dim } };
}

async function decode(handle, query, points) {
  const call = client.Decode(deadline());
  call.write({ header: { handle, query } });
  call.write({ points: packed(points) });
  call.end();
  const fields = {};
  let summary = null;
  for await (const reply of call) {
    if (reply.part === "summary") summary = reply.summary;
    else for (const { name, values } of reply.chunk.fields) (fields[name] ??= []).push(values);
  }
  return { fields, summary };
}

function sample(handle, query, points) {
  return new Promise((resolve, reject) => {
    const request = { handle, query, points: packed(points) };
    client.Sample(request, deadline(), (error, reply) => (error ? reject(error) : resolve(reply)));
  });
}

function unpacked(bytes) {
  // NaN, where there is no field, becomes null in JSON
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(4 * index));
}

try {
  const model = await describe();
  const { handle, nodes } = await encode(mesh);
  const points = JSON.parse(readFileSync(0));
  const query = queryOf(JSON.parse(conditions), points, model.dim);
  const { fields, summary } = await decode(handle, query, points);
  const { chunk } = await sample(handle, query, points);
  const streamed = Object.entries(fields).map(([name, parts]) => [name, unpacked(Buffer.concat(parts))]);
  const sampled = chunk.fields.map(({ name, values }) => [name, unpacked(values)]);
  const values = { streamed: Object.fromEntries(streamed), sampled: Object.fromEntries(sampled) };
  console.log(JSON.stringify({ name: model.name, digest: model.digest, handle, nodes, summary, ...values }));
} catch (error) {
  console.error(error.details === undefined ? error : `${grpc.status[error.code]}: ${error.details}`);
  process.exitCode = 1;
} finally {
  client.close();
}
