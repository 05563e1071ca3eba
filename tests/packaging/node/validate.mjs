// Validates Kubernetes objects against the published schemas, as closed objects.
// Usage: node validate.mjs OBJECTS.json      a JSON array of objects
//
// The schemas leave objects open: a misspelt key would pass. But a key that a schema knows has a type,
// so that putting a value of no type at all in its place must be an error. Where it is none, the key is
// unknown. Lists of lists of lists are of no type in Kubernetes.
import fs from 'fs';

const kPackages = ['kubernetes-models', '@kubernetes-models/prometheus-operator',
                   '@kubernetes-models/gateway-api'];
const kOfNoType = [[[]]];
const models = new Map();

async function modelOf(object) {
  const name = `${object.apiVersion}/${object.kind}`;
  if (!models.has(name)) {
    models.set(name, null);
    for (const each of kPackages) {
      try {
        models.set(name, (await import(`${each}/${name}`))[object.kind]);
        break;
      } catch (problem) {
        if (problem.code !== 'ERR_MODULE_NOT_FOUND' &&
            problem.code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw problem;
      }
    }
  }
  return models.get(name);
}

function problemOf(Model, object) {
  try {
    new Model(structuredClone(object)).validate();
    return '';
  } catch (problem) {
    return problem.message;
  }
}

function* unknownKeys(Model, root, node, path) {
  if (node === null || typeof node !== 'object') return;
  for (const key of Object.keys(node)) {
    const value = node[key];
    const here = `${path}.${key}`;
    node[key] = kOfNoType;
    const isKnown = Array.isArray(node) || problemOf(Model, root) !== '';
    node[key] = value;
    if (!isKnown && here !== '.apiVersion' && here !== '.kind') yield here;
    else yield* unknownKeys(Model, root, value, here);
  }
}

let bad = 0;
const objects = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const seen = new Set();
for (const object of objects) {
  const text = JSON.stringify(object);
  if (seen.has(text)) continue;
  seen.add(text);
  const name = `${object.apiVersion}/${object.kind} ${object.metadata?.name}`;
  const Model = await modelOf(object);
  const problems = Model === null ? ['no schema is known'] : [problemOf(Model, object)];
  if (problems[0] === '') {
    problems.pop();
    for (const key of unknownKeys(Model, object, object, '')) problems.push(`unknown key ${key}`);
  }
  for (const problem of problems) console.log(`${name}: ${problem}`);
  bad += problems.length;
}
console.log(`${seen.size} different objects of ${models.size} kinds, ${bad} problems`);
process.exit(bad > 0 ? 1 : 0);
