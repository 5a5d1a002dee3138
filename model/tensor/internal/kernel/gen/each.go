package main

// each walks CX values, 16 at a time, moving the pointers on by 64 bytes, and masks the tail. It uses up CX.
func (l *lanes) each(pointers []string, body func(tail bool)) {
	done := l.fresh("done")
	l.loop(pointers, 16, func() { body(false) })
	l.ins("JEQ %s", done)
	l.mask()
	body(true)
	l.label(done)
}

// loop walks CX values for as long as there are so many, moving the pointers on. It leaves the others in CX.
func (l *lanes) loop(pointers []string, values int, body func()) {
	loop, rest := l.fresh("loop"), l.fresh("rest")
	l.ins("SUBQ $%d, CX", values)
	l.ins("JLT %s", rest)
	l.ins("PCALIGN $32")
	l.label(loop)
	body()
	for _, p := range pointers {
		l.ins("ADDQ $%d, %s", 4*values, p)
	}
	l.ins("SUBQ $%d, CX", values)
	l.ins("JGE %s", loop)
	l.label(rest)
	l.ins("ADDQ $%d, CX", values)
}
