/* SPDX-License-Identifier: MIT */
/* The smallest program to execute; linked statically. */
int main(void)
{
	return 0;
}
