"""OpenFOAM's dictionaries of a case: what is computed, by which schemes, and what is written."""

SCHEMES = """
ddtSchemes { default steadyState; }
gradSchemes { default Gauss linear; }
divSchemes
{
    default none;
    div(phi,U) bounded Gauss linearUpwind grad(U);
    div(phi,k) bounded Gauss limitedLinear 1;
    div(phi,omega) bounded Gauss limitedLinear 1;
    div((nuEff*dev2(T(grad(U))))) Gauss linear;
}
laplacianSchemes { default Gauss linear limited 1; }
interpolationSchemes { default linear; }
snGradSchemes { default limited 1; }
wallDist { method meshWave; }
"""

SOLUTION = """
solvers
{
    p
    {
        solver GAMG; smoother DICGaussSeidel; tolerance 1e-10; relTol 0.1; nCellsInCoarsestLevel 20;
        minIter 1; maxIter 30;
    }
    "(U|k|omega)"
    {
        solver PBiCGStab; preconditioner DILU; tolerance 1e-12; relTol 0.1; minIter 1; maxIter 10;
    }
}
SIMPLE
{
    consistent yes;
    nNonOrthogonalCorrectors 0;
    residualControl { p 1e-8; U 1e-8; k 1e-8; omega 1e-8; }
}
relaxationFactors
{
    fields { p 1; }
    equations { U %(velocity)g; k %(turbulence)g; omega %(turbulence)g; }
}
"""

CONTROL = """
application simpleFoam;
startFrom latestTime;
startTime 0;
stopAt endTime;
endTime %(end)d;
deltaT 1;
writeControl timeStep;
writeInterval %(end)d;
purgeWrite 1;
writeFormat ascii;
writePrecision 12;
writeCompression off;
timeFormat general;
timePrecision 8;
runTimeModifiable false;
functions
{
    coefficients
    {
        type forceCoeffs; libs (forces); patches (aerofoil); rho rhoInf; rhoInf 1; pRef 0;
        writeControl timeStep; writeInterval 1; log false;
        dragDir (%(x).15g %(y).15g 0); liftDir (%(left).15g %(x).15g 0);
        CofR (0.25 0 0); pitchAxis (0 0 -1); magUInf %(speed).15g; lRef 1; Aref 1;
    }
    wallShearStress
    {
        type wallShearStress; libs (fieldFunctionObjects); patches (aerofoil);
        executeControl onEnd; writeControl onEnd; log false;
    }
}
"""
"""The moment is about the quarter chord, nose-up positive."""
