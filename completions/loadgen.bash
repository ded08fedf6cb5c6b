# Completion of loadgen for bash. tests/e2e/test_completion.py compares it with
# `loadgen --help`.

_loadgen_options='-f --file -H --host -u --users -r --spawn-rate -t --run-time
	-n --iterations -s --stop-timeout -w --workers -D --set -T --tags
	-E --exclude-tags --csv --csv-full-history --html --json --junit
	--baseline --remote --rsh --agent --check --once --find -q --quiet -v --verbose
	--only-summary -h --help -V --version'

# The plan that is on the line already.
_loadgen_plan() {
	local word
	for word in "${COMP_WORDS[@]:1}"; do
		[[ $word == *.ini && -f $word ]] || continue
		printf '%s\n' "$word"
		return
	done
}

_loadgen_tasks() {
	local plan
	plan=$(_loadgen_plan)
	[[ $plan ]] || return
	sed -n 's/^\[task[[:blank:]]\{1,\}\([^]]*[^][:blank:]]\)[[:blank:]]*\].*/\1/p' \
	    "$plan"
}

# The lines of its input that begin with $1. `compgen -W` would run what a name
# has in $( ).
_loadgen_take() {
	local line
	while IFS= read -r line; do
		[[ $line == "$1"* ]] && COMPREPLY+=("$line")
	done
}

_loadgen_plans() {
	_loadgen_take "$1" < <(compgen -f -X '!*.ini' -- "$1"
		compgen -d -X '*.ini' -- "$1")
}

_loadgen() {
	local word=${COMP_WORDS[COMP_CWORD]}
	local before=${COMP_WORDS[COMP_CWORD - 1]}
	COMPREPLY=()
	# bash makes three words of --csv=out
	if [[ $word == = ]]; then
		word=''
	elif [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	case $before in
	-f | --file)
		_loadgen_plans "$word"
		return
		;;
	--csv | --html | --json | --junit | --baseline)
		_loadgen_take "$word" < <(compgen -f -- "$word")
		return
		;;
	-H | --host | -u | --users | -r | --spawn-rate | -t | --run-time | \
		-n | --iterations | -s | --stop-timeout | -w | --workers | \
		-D | --set | -T | --tags | -E | --exclude-tags)
		return
		;;
	--remote)
		_loadgen_take "$word" < <(compgen -A hostname -- "$word")
		return
		;;
	--rsh)
		_loadgen_take "$word" < <(compgen -c -- "$word")
		return
		;;
	--once)
		_loadgen_take "$word" < <(_loadgen_tasks)
		;;
	esac
	if [[ $word == -* ]]; then
		_loadgen_take "$word" < <(printf '%s\n' $_loadgen_options)
	elif [[ ! $(_loadgen_plan) ]]; then
		_loadgen_plans "$word"
	fi
}

complete -o filenames -F _loadgen loadgen
