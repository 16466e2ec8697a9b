/* SPDX-License-Identifier: MIT */
/* A shared object that a probe loads while it runs. */
int probe_image_answer(void);

int probe_image_answer(void)
{
	return 42;
}
