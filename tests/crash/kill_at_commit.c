/* SPDX-License-Identifier: MIT */
/* Preloaded into a host and its children. Kills the process that comes to a commit of a projection, just
 * before SQLite runs it or just after it has returned. The environment's ALUDEL_KILL_AT_COMMIT names a
 * folder: to its file `commits` each commit adds a byte, so that they count from 1 over all processes; its
 * file `point` says "before N" or "after N", and goes with the kill, so that it happens once. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

static int is_projections_commit(sqlite3_stmt* statement) {
  const char* sql = sqlite3_sql(statement);
  const char* file = sqlite3_db_filename(sqlite3_db_handle(statement), "main");
  return sql && strcmp(sql, "commit") == 0 && file && strstr(file, "/projection-") != NULL;
}

static void die_if_due(const char* folder, const char* moment, int commit) {
  char path[4096], wanted[32], point[32] = "";
  FILE* file;
  snprintf(path, sizeof path, "%s/point", folder);
  snprintf(wanted, sizeof wanted, "%s %d", moment, commit);
  if ((file = fopen(path, "r")) == NULL) return;
  if (fgets(point, sizeof point, file) == NULL) point[0] = '\0';
  fclose(file);
  if (strcmp(point, wanted) != 0) return;
  unlink(path);
  raise(SIGKILL);
}

static int count(const char* folder) {
  char path[4096];
  off_t commits;
  int file;
  snprintf(path, sizeof path, "%s/commits", folder);
  file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0 || write(file, ".", 1) != 1) abort();
  commits = lseek(file, 0, SEEK_END);
  close(file);
  return (int)commits;
}

int sqlite3_step(sqlite3_stmt* statement) {
  static int (*step)(sqlite3_stmt*);
  const char* folder = getenv("ALUDEL_KILL_AT_COMMIT");
  int result, commits;
  if (!step) *(void**)&step = dlsym(RTLD_NEXT, "sqlite3_step");
  if (!folder || !is_projections_commit(statement)) return step(statement);
  commits = count(folder);
  die_if_due(folder, "before", commits);
  result = step(statement);
  die_if_due(folder, "after", commits);
  return result;
}
