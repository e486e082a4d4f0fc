// Makes Node refuse ArrayBuffers over memory that V8 does not own, as Electron's memory cage does, for addons that look Node's functions up by name.
// gcc -shared -fPIC cage.c -o cage.so -ldl; LD_PRELOAD=cage.so node program.mjs. At the end it says how many were asked for.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int asked;

static int refuse(void) {
  __sync_fetch_and_add(&asked, 1);
  return 22; // napi_no_external_buffers_allowed
}

void *dlsym(void *handle, const char *name) {
  static void *(*real)(void *, const char *);
  if (!real) real = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
  if (!real) real = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
  if (!real) real = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.17");
  if (name && (!strcmp(name, "napi_create_external_arraybuffer") || !strcmp(name, "napi_create_external_buffer")))
    return (void *)refuse;
  return real(handle, name);
}

__attribute__((destructor)) static void tell(void) {
  const char *path = getenv("CAGE_LOG");
  FILE *log = path ? fopen(path, "w") : NULL;
  if (!log) return;
  fprintf(log, "%d\n", asked);
  fclose(log);
}
