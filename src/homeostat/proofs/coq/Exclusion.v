(** The checker of trees that exclude: data, and a boolean that computes. *)

From Coq Require Import ZArith QArith List Bool Lia.
From Homeostat Require Import Model Forms Tree Figures Cells.
Import ListNotations.
Open Scope Q_scope.

(** Multipliers of a cell's forms, the strict ones first, and of the rows of the region. *)
Definition cell_proof := (list (nat * Z) * list (nat * Z))%type.

Inductive never_tree :=
  | End (cells : list cell_proof)
  | Inner (lo hi : nat) (below above : proof) (cells : list cell_proof) (children : never_forest)
with never_forest :=
  | Nothing
  | Branch (mode : nat) (child : never_tree) (others : never_forest).

Definition excluded (size : nat) (rows : list form) (d : cell) (pr : cell_proof) : bool :=
  let (own, others) := pr in
  let sum := plus (total (fst d ++ snd d) own) (total rows others) in
  forallb (fun pair => (0 <=? snd pair)%Z) own && forallb (fun pair => (0 <=? snd pair)%Z) others &&
  ((length sum =? size)%nat && forallb (fun a => (a <? 0)%Z) sum ||
   existsb (fun pair => (0 <? snd pair)%Z && (fst pair <? length (fst d))%nat) own &&
   forallb (fun a => (a <=? 0)%Z) sum).

(** The states of both systems after a step in a mode, on one scale. *)
Definition first_coefficient (f : form) : nat * Z :=
  fold_right (fun ia best => if (snd ia =? 0)%Z then best else ia) (0%nat, 0%Z)
    (combine (seq 0 (length f)) f).

Definition step_both (W : list Z) (j : nat) (both : list form) : option (list form) :=
  let n := length W in
  let ahead := step_form W j (firstn n both) in
  let free := step_form W 0 (skipn n both) in
  let mine := combination W ahead in
  let theirs := combination W free in
  let (i, a) := first_coefficient mine in
  let b := nth i theirs 0%Z in
  if (0 <? a)%Z && (0 <? b)%Z && same_form (times b mine) (times a theirs)
  then Some (Tree.reduced (map (times b) ahead ++ map (times a) free)) else None.

Fixpoint has_branch (j : nat) (f : never_forest) : bool :=
  match f with Nothing => false | Branch m _ others => (m =? j)%nat || has_branch j others end.

Section Checker.

Variables (W : list Z) (scale : Z) (p : parameters).
Variable cs : list (figure * comparison * figure).

Definition none_here (both rows : list form) (proofs : list cell_proof) : bool :=
  let n := length W in
  match cells W scale p (firstn n both) (skipn n both) [([], [])] cs with
  | Some ds => (length ds =? length proofs)%nat &&
      forallb (fun dp => excluded n rows (fst dp) (snd dp)) (combine ds proofs)
  | None => false
  end.

Fixpoint check_never (t : never_tree) (steps : nat) (both rows : list form) {struct t} : bool :=
  match t with
  | End proofs => (steps =? 0)%nat && none_here both rows proofs
  | Inner lo hi below above proofs children =>
      let st := firstn (length W) both in
      none_here both rows proofs &&
      match steps with
      | O => false
      | S k =>
          (lo <? length W)%nat && (hi <? length W)%nat && (lo <=? hi)%nat &&
          ((lo =? 0)%nat || implies rows (excess W st lo) below) &&
          ((S hi =? length W)%nat || implies rows (times (-1) (excess W st (S hi))) above) &&
          forallb (fun j => has_branch j children ||
                            ((lo <? j)%nat && (S j <? length W)%nat &&
                             same_form (excess W st j) (excess W st (S j))))
                  (seq lo (S hi - lo)) &&
          check_branches children k both rows
      end
  end
with check_branches (f : never_forest) (steps : nat) (both rows : list form) {struct f} : bool :=
  match f with
  | Nothing => true
  | Branch j t others =>
      match step_both W j both with
      | Some both' => check_never t steps both' (rows ++ guards W (firstn (length W) both) j)
      | None => false
      end && check_branches others steps both rows
  end.

End Checker.

Lemma check_inner W scale p cs lo hi below above proofs children steps both rows :
  check_never W scale p cs (Inner lo hi below above proofs children) steps both rows =
  none_here W scale p cs both rows proofs &&
  match steps with
  | O => false
  | S k =>
      (lo <? length W)%nat && (hi <? length W)%nat && (lo <=? hi)%nat &&
      ((lo =? 0)%nat || implies rows (excess W (firstn (length W) both) lo) below) &&
      ((S hi =? length W)%nat ||
       implies rows (times (-1) (excess W (firstn (length W) both) (S hi))) above) &&
      forallb (fun j => has_branch j children ||
                        ((lo <? j)%nat && (S j <? length W)%nat &&
                         same_form (excess W (firstn (length W) both) j)
                                   (excess W (firstn (length W) both) (S j))))
              (seq lo (S hi - lo)) &&
      check_branches W scale p cs children k both rows
  end.
Proof. reflexivity. Qed.

Lemma check_branch W scale p cs j t others steps both rows :
  check_branches W scale p cs (Branch j t others) steps both rows =
  match step_both W j both with
  | Some both' =>
      check_never W scale p cs t steps both' (rows ++ guards W (firstn (length W) both) j)
  | None => false
  end && check_branches W scale p cs others steps both rows.
Proof. reflexivity. Qed.
