// An addon whose export is the status of creating an ArrayBuffer over its own memory: 0 in plain Node, 22 in a cage. It shows that the cage holds.
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

typedef void *env_t;
typedef void *value_t;

static char memory[64];

__attribute__((visibility("default"))) value_t napi_register_module_v1(env_t env, value_t exports) {
  void *node = dlopen(NULL, RTLD_LAZY);
  int (*create)(env_t, void *, size_t, void *, void *, value_t *) = dlsym(node, "napi_create_external_arraybuffer");
  int (*number)(env_t, int32_t, value_t *) = dlsym(node, "napi_create_int32");
  value_t result = exports;
  int status = create(env, memory, sizeof memory, NULL, NULL, &result);
  number(env, status, &result);
  return result;
}

__attribute__((visibility("default"))) int32_t node_api_module_get_api_version_v1(void) { return 8; }
