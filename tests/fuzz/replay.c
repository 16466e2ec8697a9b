/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target over every file of the directories given: what once broke it stays mended. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"

#define FILE_MAX_BYTES (16u << 20)

static int run_file(const char *dir, const char *name)
{
	uint8_t *exact = NULL, *data = malloc(FILE_MAX_BYTES);
	char path[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "re");
	if (!f || !data) {
		perror(path);
		exit(1);
	}
	n = fread(data, 1, FILE_MAX_BYTES, f);
	fclose(f);
	/* Exactly as large as the file, so that a sanitizer sees a step too far. */
	exact = realloc(data, n ? n : 1);
	printf("%s: %zu bytes\n", name, n);
	fflush(stdout);
	LLVMFuzzerTestOneInput(exact ? exact : data, n);
	free(exact ? exact : data);
	return 1;
}

int main(int argc, char **argv)
{
	int files = 0;

	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		struct dirent *e;

		if (!d) {
			perror(argv[i]);
			return 1;
		}
		while ((e = readdir(d)))
			if (e->d_name[0] != '.')
				files += run_file(argv[i], e->d_name);
		closedir(d);
	}
	printf("%d files\n", files);
	return files == 0;
}
